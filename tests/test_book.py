"""One chapter, one page, one module, one test, one notebook: the same name in every tree."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from dlbook import Experiment, contents
from dlbook.contents import Chapter
from dlbook.lab.results import load

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = contents.chapters()
PARTS = [part.name for part in contents.parts()]
MODULES = sorted((ROOT / "dlbook").rglob("*.py"))
RECORDS = sorted((ROOT / "results").glob("*/*/*.json"))

MOST_LINES = 225
MOST_LINES_WITH_FIGURES = 375
MOST_LINES_OF_A_FUNCTION = 25
MOST_NESTING = 2
SECTIONS_OF_A_PAGE = (
    "The question",
    "The idea",
    "The experiment",
    "What the notes say, what we measured",
    "When it fails",
    "In Keras",
    "Exercises",
    "Sources",
)
SECTIONS_OF_A_MODULE = ["# The idea", "# The experiment", "# The claims", "# The figure"]

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.address)
each_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def source(chapter: Chapter) -> str:
    path = ROOT / f"{chapter.module.replace('.', '/')}.py"
    return path.read_text(encoding="utf-8")


def page(chapter: Chapter) -> tuple[dict, str]:
    """Front matter and text of a page."""
    _, matter, text = (ROOT / "docs" / chapter.page).read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(matter), text


# Recorded runs


@pytest.mark.parametrize(
    "path", RECORDS, ids=lambda path: path.relative_to(ROOT / "results").as_posix()
)
def test_a_record_is_that_of_the_full_run_that_is_declared(path):
    part, chapter, _ = path.relative_to(ROOT / "results").parts
    module = import_module(f"dlbook.{part}.{chapter}")
    declared = {one.name: one for one in vars(module).values() if isinstance(one, Experiment)}
    experiment, record = declared[path.stem], load(path)
    levels = {**experiment.independent, **(experiment.full_independent or {})}
    assert {name: tuple(record[name].values.tolist()) for name in levels} == levels
    assert tuple(record["seed"].values.tolist()) == (experiment.full_seeds or experiment.seeds)
    assert record.attrs["command"] == f"dlbook run {part}/{chapter} --full"
    assert record.attrs["seconds"] > 0
    assert {"python", "numpy"} < set(record.attrs["versions"])


# The same name in every tree


@each_chapter
def test_a_chapter_has_page_module_test_and_notebook(chapter):
    files = [
        f"docs/{chapter.page}",
        f"{chapter.module.replace('.', '/')}.py",
        chapter.test,
        f"docs/{chapter.notebook}",
    ]
    assert [name for name in files if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("part", PARTS)
def test_nothing_stands_in_the_trees_that_is_no_chapter(part):
    names = {chapter.name for chapter in CHAPTERS if chapter.part == part}
    pages = {path.stem for path in (ROOT / "docs" / part).glob("*.md")} - {"index"}
    modules = {path.stem for path in (ROOT / "dlbook" / part).glob("*.py")} - {"__init__"}
    tests = {path.stem for path in (ROOT / "tests" / part).glob("test_*.py")}
    notebooks = {path.stem for path in (ROOT / "docs" / "notebooks" / part).glob("*.ipynb")}
    recorded = {path.name for path in (ROOT / "results" / part).glob("*")}
    assert pages == names
    assert modules == names
    assert tests == {f"test_{name}" for name in names}
    assert notebooks == names
    assert recorded <= names


def test_the_parts_of_the_nav_are_the_subpackages_that_hold_chapters():
    packages = {path.parent.name for path in (ROOT / "dlbook").glob("*/__init__.py")}
    assert set(PARTS) == packages - contents.EQUIPMENT - {"cli"}
    assert all((ROOT / "docs" / part / "index.md").is_file() for part in PARTS)


def test_no_two_chapters_share_a_name():
    names = [chapter.name for chapter in CHAPTERS]
    assert sorted(set(names)) == sorted(names)


def test_chapters_stand_in_the_order_in_which_they_were_announced():
    written = [chapter.address for chapter in CHAPTERS]
    announced = list(contents.announced(ROOT / "docs" / "notes.yml"))
    assert written == [address for address in announced if address in written]


# Reading order


@each_chapter
def test_a_chapter_imports_the_lab_and_earlier_chapters_only(chapter):
    earlier = {one.module for one in CHAPTERS[: CHAPTERS.index(chapter)]}
    for name in imported(ast.parse(source(chapter))):
        if name.startswith("dlbook") and not name.startswith("dlbook.lab"):
            assert name in earlier or name == "dlbook", f"{chapter.module} imports {name}"


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from modules_of(node.module, [alias.name for alias in node.names])


def modules_of(module: str, names: list[str]) -> list[str]:
    """What ``from module import names`` imports: its submodules, else the module."""
    folder = ROOT / module.replace(".", "/")
    return [f"{module}.{name}" if (folder / f"{name}.py").is_file() else module for name in names]


@each_chapter
def test_what_a_page_depends_on_comes_before_it(chapter):
    announced = list(contents.announced(ROOT / "docs" / "notes.yml"))
    before = announced[: announced.index(chapter.address)]
    assert set(page(chapter)[0].get("depends", [])) <= set(before)


# Pages


@each_chapter
def test_a_page_says_what_it_is_and_what_it_teaches(chapter):
    matter, text = page(chapter)
    assert matter["title"] == chapter.title
    assert re.findall("^# (.*)$", without_code(text), re.M) == [chapter.title]
    assert matter["description"].endswith(".")
    assert len(matter["description"]) > 40
    assert len(matter["learn"]) >= 2


@each_chapter
def test_a_page_has_its_sections_in_order(chapter):
    headings = re.findall("^## (.*)$", without_code(page(chapter)[1]), re.M)
    places = [first_place(headings, section) for section in SECTIONS_OF_A_PAGE]
    assert places == sorted(places)


def first_place(headings: list[str], section: str) -> int:
    places = [at for at, heading in enumerate(headings) if heading.startswith(section)]
    assert places, f"the page lacks a section {section!r}"
    return places[0]


def without_code(text: str) -> str:
    return re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.M | re.S)


@each_chapter
def test_every_exercise_has_a_folded_solution_with_code_that_runs(chapter):
    exercises = page(chapter)[1].partition("\n## Exercises")[2].partition("\n## ")[0]
    numbers = re.findall(r"^\*\*(\d+)\.\*\*", exercises, re.M)
    solutions = re.findall(r"^/// details \| Solution.*?^///$", exercises, re.M | re.S)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) >= 3
    assert len(solutions) == len(numbers)
    assert any("assert " in solution for solution in solutions)


@each_chapter
def test_a_page_shows_the_package_instead_of_a_copy(chapter):
    text = page(chapter)[1]
    assert "```source" in text
    shown = re.findall(r"^```python.*?\n(.*?)^```", text, re.M | re.S)
    copied = [name for name in defined(source(chapter)) if f"def {name}(" in "\n".join(shown)]
    assert copied == []


def defined(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


# Modules


@each_chapter
def test_a_module_has_four_parts_in_order(chapter):
    headings = [line for line in source(chapter).splitlines() if line in SECTIONS_OF_A_MODULE]
    assert headings == SECTIONS_OF_A_MODULE


@each_chapter
def test_claims_are_numbered_and_rest_on_experiments_of_the_chapter(chapter):
    from dlbook.cli.running import experiments_of

    module = import_module(chapter.module)
    experiments = experiments_of(module)
    ids = [claim.id for claim in module.CLAIMS]
    assert ids == [f"C-{chapter.name}-{number}" for number in range(1, len(ids) + 1)]
    assert len(ids) >= 2
    assert {one for claim in module.CLAIMS for one in claim.experiments} <= set(experiments)
    assert len({one.name for one in experiments}) == len(experiments)


@each_chapter
def test_experiments_have_twenty_seeds_where_chance_plays_a_part(chapter):
    from dlbook.cli.running import experiments_of

    for one in experiments_of(import_module(chapter.module)):
        assert counts(one)[0] == 1 or max(counts(one)) >= 20, one.name


@each_chapter
def test_no_variable_has_the_name_of_a_statistic(chapter):
    from dlbook.cli.running import experiments_of

    taken = {"mean", "low", "high", "count"}
    for one in experiments_of(import_module(chapter.module)):
        dims = {dim for extra in one.dims.values() for dim in extra}
        assert not taken & {*one.independent, *dims}, one.name


def counts(experiment) -> list[int]:
    return [len(tuple(each)) for each in (experiment.seeds, experiment.full_seeds or ())]


@each_chapter
def test_at_least_one_experiment_of_a_chapter_has_a_figure(chapter):
    from dlbook.cli.running import experiments_of

    module = import_module(chapter.module)
    drawn = [one for one in experiments_of(module) if hasattr(module, f"plot_{one.name}")]
    assert drawn


@each_chapter
def test_the_figure_of_an_experiment_is_drawn_from_its_results(chapter):
    from dlbook.cli.running import experiments_of

    module = import_module(chapter.module)
    plots = [getattr(module, f"plot_{one.name}", None) for one in experiments_of(module)]
    for plot in filter(None, plots):
        assert next(iter(inspect.signature(plot).parameters)) == "results", plot.__name__


@each_chapter
def test_public_functions_of_the_idea_have_an_example(chapter):
    module = import_module(chapter.module)
    idea = source(chapter).partition("# The experiment")[0]
    lacking = [name for name in public(module, idea) if ">>>" not in (document(module, name))]
    assert lacking == []


def public(module: ModuleType, text: str) -> list[str]:
    return [name for name in defined(text) if not name.startswith("_")]


def document(module: ModuleType, name: str) -> str:
    return getattr(module, name).__doc__ or ""


@each_chapter
def test_a_chapter_is_tested_in_five_ways(chapter):
    text = (ROOT / chapter.test).read_text(encoding="utf-8")
    assert "@given(" in text, "laws"
    assert "by hand" in text, "a case worked by hand"
    assert re.search(r"oracle", text), "an independent oracle"
    assert "pytest.raises(" in text, "errors"
    assert ".quick(" in text or "CLAIMS" in text, "the claims of the experiments"


# Size


@each_chapter
def test_a_module_is_short(chapter):
    text = source(chapter)
    assert lines_of_code(text.split("# The figure\n")[0]) <= MOST_LINES
    assert lines_of_code(text) <= MOST_LINES_WITH_FIGURES


def lines_of_code(text: str) -> int:
    """Lines without docstrings, comments and empty lines."""
    documents = {line for node in ast.walk(ast.parse(text)) for line in docstring_lines(node)}
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        bool(line.strip()) and not line.lstrip().startswith("#") and at not in documents
        for at, line in lines
    )


def docstring_lines(node: ast.AST) -> range:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        return range(0)
    if ast.get_docstring(node) is None:
        return range(0)
    first = node.body[0]
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)


@each_module
def test_functions_are_short_and_flat(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        assert body_length(function) <= MOST_LINES_OF_A_FUNCTION, function.name
        assert nesting(function) <= MOST_NESTING, function.name


def body_length(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def nesting(node: ast.AST) -> int:
    """How many loops and branches stand inside each other; ``elif`` is no deeper than ``if``."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        is_block = isinstance(child, ast.For | ast.While | ast.If | ast.Match)
        deepest = max(deepest, nesting(child) + (is_block and not is_elif))
    return deepest


def test_the_measures_of_size_see_what_is_too_large():
    deep = "def f(a):\n for x in a:\n  if x:\n   while x:\n    pass\n  elif a: pass\n"
    function = ast.parse(deep).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert nesting(function) == 3
    assert body_length(function) == 5
    assert lines_of_code('"""Text."""\n\n# note\nx = 1\n') == 1


# Words


@pytest.mark.parametrize("word", ["lr", "acc", "cfg", "utils", "helpers", "misc"])
def test_names_are_spelled_out(word):
    for path in MODULES:
        names = {
            node.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Name)
        }
        assert word not in names | {path.stem}, path
