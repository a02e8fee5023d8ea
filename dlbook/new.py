"""Starts a chapter: a page, a module and a test that run at once, and a line in the nav."""

import json
import keyword
import re
from pathlib import Path

from dlbook.contents import PACKAGE, Chapter, Part, announced, read

TEMPLATES = PACKAGE / "templates"


def start(root: Path, address: str, title: str = "") -> list[Path]:
    """Write the files of a new chapter and put it in the nav of ``mkdocs.yml``.

    Args:
        root: the repository.
        address: part and name, such as ``maths/entropy``.
        title: title for readers; by default made from the name.

    Returns:
        The files that were written or changed.

    Raises:
        ValueError: if the address is not ``part/name`` with an existing part and a free name.
    """
    nav = root / "mkdocs.yml"
    part, name = _parsed(address, read(nav))
    titles = announced(root / "docs" / "notes.yml")
    usual = titles.get(f"{part.name}/{name}", name.replace("_", " ").capitalize())
    chapter = Chapter(part.name, name, title.strip() or usual)
    targets = {
        root / "docs" / chapter.page: "page.md",
        root / f"{chapter.module.replace('.', '/')}.py": "module.py.txt",
        root / chapter.test: "test.py.txt",
    }
    for path in targets:
        if path.exists():
            raise ValueError(f"`address` must not replace {path.name}. Received: {address!r}")
    text = with_chapter(nav.read_text(encoding="utf-8"), chapter, tuple(titles))
    for path, template in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template, chapter), encoding="utf-8")
    nav.write_text(text, encoding="utf-8")
    return [*targets, nav]


def with_chapter(nav: str, chapter: Chapter, order: tuple[str, ...] = ()) -> str:
    r"""The text of ``mkdocs.yml`` with one more chapter in its part.

    Args:
        nav: the text as it is.
        chapter: the new chapter; its part must have a first page in the nav.
        order: addresses of all chapters in reading order; a chapter that is not among them goes
            to the end of its part.

    Returns:
        The text with one more line and everything else untouched.

    Example:
        >>> nav = "  - Maths:\n      - maths/index.md\n      - Softmax: maths/softmax.md\n"
        >>> entropy = Chapter("maths", "entropy", "Entropy: surprise")
        >>> print(with_chapter(nav, entropy, ("maths/entropy", "maths/softmax")), end="")
          - Maths:
              - maths/index.md
              - "Entropy: surprise": maths/entropy.md
              - Softmax: maths/softmax.md
    """
    lines = nav.splitlines(keepends=True)
    later = set(order[order.index(chapter.address) + 1 :] if chapter.address in order else ())
    page = re.compile(rf"^( *)- .*\b({chapter.part}/\w+)\.md")
    found = [(at, match) for at, line in enumerate(lines) if (match := page.match(line))]
    at, match = max(each for each in found if each[1][2] not in later)
    plain = re.fullmatch(r"[A-Za-z][\w -]*", chapter.title)
    title = chapter.title if plain else json.dumps(chapter.title, ensure_ascii=False)
    lines.insert(at + 1, f"{match[1]}- {title}: {chapter.page}\n")
    return "".join(lines)


def _parsed(address: str, parts: tuple[Part, ...]) -> tuple[Part, str]:
    """The part and the name that an address stands for, if a chapter may be called so."""
    part_name, _, name = address.strip().strip("/").partition("/")
    part = next((each for each in parts if each.name == part_name), None)
    if part is None:
        known = ", ".join(each.name for each in parts)
        raise ValueError(f"`address` must begin with a part ({known}). Received: {address!r}")
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ValueError(f"`address` must end with a name in snake_case. Received: {address!r}")
    if name in [chapter.name for each in parts for chapter in each.chapters]:
        raise ValueError(f"`address` must end with a name of its own. Received: {address!r}")
    return part, name


def _filled(template: str, chapter: Chapter) -> str:
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    values = {
        "title": chapter.title,
        "part": chapter.part,
        "name": chapter.name,
        "constant": chapter.name.upper(),
    }
    for key, value in values.items():
        text = text.replace(f"{{{{{key}}}}}", value)
    return text
