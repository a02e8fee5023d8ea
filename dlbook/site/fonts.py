"""A small maths font for the site: the part of STIX Two Math that a book needs.

The font comes from the installed package ``ziamath`` (SIL Open Font License), so that no page asks
another server for it.
"""

import hashlib
import io
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

ADDRESS = "assets/fonts/stix-two-math.woff2"
"""Where the site keeps the font."""

_USUAL = "¬°±·×÷′″‴…–—‖\u2061\u2062\u2063\u2064ℎℝℕℤℒ∂∇∈∉∏∑−∓∗√∝∞∥∧∨∩∪∫≈≠≡≤≥≪≫⊂⊆⊤⊥⋅⋮⋯⋱→←↔⇒⇔↦⌈⌉⌊⌋⏞⏟⟨⟩"
_ACCENTS = "\u0302\u0303\u0304\u0307\u0308\u0332\u20d7ˆ˜¯´˙¨"
_RANGES = (
    (0x20, 0x7E),  # Latin letters, digits, signs
    (0x391, 0x3C9),  # Greek
    (0x1D400, 0x1D467),  # bold and italic Latin letters
    (0x1D6E2, 0x1D71B),  # italic Greek
)


def subset(characters: Iterable[str] = ()) -> bytes:
    """The font as WOFF2, with the usual characters of a textbook and those given.

    The table of mathematical layout (``MATH``) stays, with the larger variants of brackets, the
    parts of long ones, and the small forms for exponents.

    Args:
        characters: characters to keep besides the usual ones.

    Returns:
        The file.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(layout_features=["ssty", "dtls", "flac"])
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # the last two: the licence
    options.notdef_outline = True
    options.drop_tables += ["DSIG"]
    font = TTFont(io.BytesIO(_original()), lazy=True)
    wanted = {*_USUAL, *_ACCENTS, *characters}
    codes = {code for first, last in _RANGES for code in range(first, last + 1)}
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes | {ord(each) for each in wanted})
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def write(site: Path, characters: Iterable[str], cache: Path) -> Path:
    """Write the font into the built site.

    Args:
        site: folder of the built site.
        characters: what the formulas of the site use.
        cache: folder that remembers the last font, because subsetting takes seconds.

    Returns:
        The file.
    """
    wanted = "".join(sorted(set(characters)))
    name = hashlib.sha256(f"{_RANGES}{_USUAL}{_ACCENTS}{wanted}".encode()).hexdigest()[:16]
    cached = cache / f"maths-{name}.woff2"
    if not cached.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        cached.write_bytes(subset(wanted))
    target = site / ADDRESS
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(cached.read_bytes())
    return target


def _original() -> bytes:
    package = find_spec("ziamath")  # its folder, without running it
    if not package or not package.origin:
        raise ModuleNotFoundError("the maths font comes with `ziamath`: pip install dlbook[docs]")
    return (Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf").read_bytes()
