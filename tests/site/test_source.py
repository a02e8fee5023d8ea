"""Listings show the source that is there now, found by name."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from dlbook.site import source

MODULE = '''"""A module."""

import functools

LIMIT = 3
RATE: float = 0.5
first = second = 1


@functools.cache
def shifted(number):
    """Shift a number.

    More about it.

    Args:
        number: a number.
    """
    # by one
    return number + 1


class Counter:
    """Counts.

    Args:
        start: where to begin.
    """

    def count(self):
        """Count."""
        return 1

    async def later(self):
        return 2
'''


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "dlbook" / "maths"
    folder.mkdir(parents=True)
    (tmp_path / "dlbook" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "__init__.py").write_text('"""Maths."""\n', encoding="utf-8")
    (folder / "shift.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def test_a_function_is_shown_with_decorators_and_comments(package):
    code = source.find(package, "dlbook.maths.shift.shifted", full=True).code
    assert code.startswith("@functools.cache\ndef shifted(number):")
    assert "# by one" in code
    assert code.endswith("return number + 1")


def test_the_full_source_is_what_the_file_holds(package):
    assert source.find(package, "dlbook.maths.shift.Counter", full=True).code in MODULE
    assert source.find(package, "dlbook.maths.shift.shifted", full=True).code in MODULE


def test_a_docstring_ends_before_its_sections(package):
    code = source.find(package, "dlbook.maths.shift.shifted").code
    assert '    More about it.\n    """\n    # by one' in code
    assert "Args" not in code


def test_a_docstring_of_one_line_stays_one_line(package):
    code = source.find(package, "dlbook.maths.shift.Counter").code
    assert '    """Counts."""\n\n    def count' in code
    compile(code, "listing", "exec")


def test_a_method_is_shown_without_its_indentation(package):
    code = source.find(package, "dlbook.maths.shift.Counter.count").code
    assert code == 'def count(self):\n    """Count."""\n    return 1'
    assert source.find(package, "dlbook.maths.shift.Counter.later").code.startswith("async def")


@pytest.mark.parametrize(
    ("name", "code"),
    [("LIMIT", "LIMIT = 3"), ("RATE", "RATE: float = 0.5"), ("second", "first = second = 1")],
)
def test_a_constant_is_shown(package, name, code):
    assert source.find(package, f"dlbook.maths.shift.{name}").code == code


def test_a_whole_module_is_shown(package):
    listing = source.find(package, "dlbook.maths.shift")
    assert listing.code == MODULE.rstrip()
    assert listing.path == "dlbook/maths/shift.py"
    assert source.find(package, "dlbook.maths").code == '"""Maths."""'


def test_a_misspelt_name_gets_the_nearest_ones(package):
    with pytest.raises(source.SourceNotFoundError, match=r"nearest: shifted\. Received: .*shiftd'"):
        source.find(package, "dlbook.maths.shift.shiftd")


@pytest.mark.parametrize("name", ["numpy.zeros", "dlbook.maths.shift.Counter.zzz", "dlbook.zzz"])
def test_a_name_that_is_not_ours_is_an_error(package, name):
    with pytest.raises(source.SourceNotFoundError, match=f"Received: '{name}'"):
        source.find(package, name)


def test_names_of_one_file_share_a_block(package):
    names = ["dlbook.maths.shift.LIMIT", "dlbook.maths.shift.RATE", "dlbook.maths"]
    text = source.fences(package, names)
    assert text.count('````py title="dlbook/maths/shift.py"') == 1
    assert "LIMIT = 3\n\n\nRATE: float = 0.5\n````" in text
    assert text.count('````py title="dlbook/maths/__init__.py"') == 1


def test_every_listing_of_the_real_package_can_be_found(root):
    code = source.find(root, "dlbook.site.source.find").code
    assert code.startswith("def find(root: Path, name: str")
    compile(code, "listing", "exec")


class Cycle:
    """Garbage that lets another thread run while it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        sum(range(200))


def test_several_threads_can_parse_at_once(request):
    def parse_often(_: int) -> int:
        made = [(Cycle(), source.syntax_tree(MODULE)) for _ in range(1000)]
        return len(made)

    request.addfinalizer(partial(gc.set_threshold, *gc.get_threshold()))
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    gc.set_threshold(20)
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(parse_often, range(4))) == [1000] * 4
