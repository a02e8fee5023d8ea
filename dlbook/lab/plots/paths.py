"""Numbers and paths of an SVG in few letters."""

import re


def _short(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rounded(value: str) -> str:
    """Round the numbers in an attribute to two decimals.

    Args:
        value: Value of the attribute.

    Example:
        >>> rounded("translate(1.23456 -0.001)")
        'translate(1.23 0)'
    """
    value = re.sub(r"-?\d+\.\d+(?:e-?\d+)?", lambda match: _short(float(match[0])), value)
    return re.sub(r"\s+", " ", value).strip()


def short_path(path: str) -> str:
    """Write a path of straight lines by its steps, which takes half the letters.

    Args:
        path: The `d` of an SVG path, as matplotlib writes it.

    Example:
        >>> short_path("M 0.001 1 L 2.5 1 L 2.5 3 z")
        'M0 1h2.5v2z'
    """
    if set(re.findall("[A-Za-z]", path)) - {"M", "L", "z"}:
        return re.sub(r"([A-Za-z]) ", r"\1", rounded(path))
    text, last, here = "", "", (0, 0)
    for letter, x, y in re.findall(r"([ML])\s+(\S+)\s+(\S+)|z", path):
        place = (round(float(x) * 100), round(float(y) * 100)) if letter else here
        command, numbers = _step(letter, here, place)
        again = command == last and command not in "Mz"
        text += (" " if again and numbers[0] != "-" else "" if again else command) + numbers
        last, here = command, place
    return text


def _step(letter: str, here: tuple[int, int], place: tuple[int, int]) -> tuple[str, str]:
    """Return the command and the numbers of one step, places being in hundredths."""
    across, up = place if letter == "M" else (place[0] - here[0], place[1] - here[1])
    if letter != "M" and (not letter or not up or not across):
        command = "z" if not letter else "v" if up else "h"
        return command, "" if not letter else _short((up or across) / 100)
    numbers = f"{_short(across / 100)} {_short(up / 100)}".replace(" -", "-")
    return ("M" if letter == "M" else "l"), numbers
