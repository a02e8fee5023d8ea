"""Formulas become MathML while the site is built, and mistakes are told."""

import io

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from dlbook.site import fonts, maths


def typeset(content):
    problems = []
    return maths.typeset(content, problems.append), problems


def test_a_formula_in_a_line_becomes_mathml():
    content, problems = typeset('a <span class="arithmatex">\\(x &lt; 1\\)</span> b')
    assert content == "a <math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math> b"
    assert not problems


def test_a_formula_of_its_own_becomes_display_mathml():
    content, _ = typeset('<div class="arithmatex">\\[\nx\n\\]</div>')
    assert content == '<div class="dlbook-equation"><math display="block"><mi>x</mi></math></div>'


def test_a_root_is_as_high_for_a_low_letter_as_for_a_high_one():
    low, high = (maths.to_mathml(f"\\sqrt{{{letter}}}") for letter in "nd")
    assert low.replace("<mi>n</mi>", "<mi>d</mi>") == high
    assert low.startswith('<math><msqrt><mspace height="0.78em" depth="0.22em">')


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        ("\\sgima x", 'Unknown command "\\sgima"'),
        ("\\frac{1}", "Expected argument"),
        ("\\left( x", "Expected closing token"),
        ("x^1^2", "Duplicate"),
    ],
)
def test_a_mistake_names_the_reason_and_the_formula(tex, reason):
    with pytest.raises(maths.TexError) as caught:
        maths.to_mathml(tex)
    assert str(caught.value).startswith(reason)
    assert str(caught.value).endswith(f"Received: {tex}")


def test_a_mistake_is_reported_once_and_shown_as_code():
    content, problems = typeset('<span class="arithmatex">\\(\\oops\\)</span>')
    assert content == "<code>\\oops</code>"
    assert len(problems) == 1


def test_a_formula_in_a_title_is_typeset_too():
    assert maths.typeset_title("Why \\(x\\)?") == "Why <math><mi>x</mi></math>?"
    assert maths.typeset_title("Why \\(\\oops\\)?") == "Why \\oops?"


def test_the_search_reads_short_formulas_and_skips_long_ones():
    short, long = maths.to_mathml("x"), maths.to_mathml("a+b+c+d+e+f+g")
    assert maths.readable(f"take {short} and {long}!") == "take x and !"


@given(st.sampled_from(["\\alpha", "\\sum", "\\mathbb{R}", "\\mathbf{w}", "\\leq", "\\hat y"]))
def test_the_font_has_every_character_of_a_formula(tex):
    used = maths.characters(maths.to_mathml(tex))
    assert used
    assert used <= FONT_CHARACTERS | {"\u2061"}


def read(font):
    return TTFont(io.BytesIO(font))


FONT = read(fonts.subset("ℵ"))
FONT_CHARACTERS = {chr(code) for code in FONT["cmap"].getBestCmap() or ()}


def test_the_font_keeps_its_mathematical_layout():
    assert "MATH" in FONT
    assert {"√", "′", "𝑥", "𝐱", "Σ", "𝜎", "\u0302"} <= FONT_CHARACTERS
    features = {record.FeatureTag for record in FONT["GSUB"].table.FeatureList.FeatureRecord}
    assert "ssty" in features


def test_the_font_keeps_its_licence_and_leaves_the_rest():
    assert "Open Font License" in (FONT["name"].getDebugName(13) or "")
    assert "ℵ" in FONT_CHARACTERS
    assert "⟷" not in FONT_CHARACTERS


def test_the_font_is_made_once_for_the_same_characters(tmp_path):
    first = fonts.write(tmp_path / "site", "x", tmp_path / "cache")
    assert first == tmp_path / "site" / "assets" / "fonts" / "stix-two-math.woff2"
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(b"kept")
    assert fonts.write(tmp_path / "site", "xx", tmp_path / "cache").read_bytes() == b"kept"


def test_a_missing_font_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="ziamath"):
        fonts.subset()
