"""Chapters are executed when, and only when, their outputs may have changed."""

import json
import time
from pathlib import Path

import jupytext
import pytest

from dlbook.site import execute, fences, freshness, kernel, notebook
from dlbook.site.execute import State

CHAPTER = "maths/doubling"


def saved(book, chapter=CHAPTER):
    return execute.notebook_path(book.root, chapter).read_text(encoding="utf-8")


def is_stale(book):
    return CHAPTER in execute.stale_chapters(book.root)


def state_of(outcomes, chapter=CHAPTER):
    (outcome,) = [outcome for outcome in outcomes if outcome.chapter == chapter]
    return outcome.state


@pytest.fixture
def no_kernel(monkeypatch):
    """Fails the test if anything is executed."""
    monkeypatch.setattr(kernel.Kernels, "run", lambda *arguments: pytest.fail("executed"))


# When a chapter is stale


def test_an_executed_book_is_fresh(book):
    assert execute.stale_chapters(book.root) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("docs/maths/doubling.md", "double(3)", "double(4)"),
        ("docs/maths/doubling.md", 'tags=["hide-input"]', ""),
        ("docs/maths/doubling.md", "```source\ndlbook.maths.doubling.double", "```source\ndlbook"),
        ("dlbook/maths/doubling.py", "FACTOR * number", "number * FACTOR"),
        ("dlbook/maths/factor.py", "FACTOR = 2", "FACTOR = 3"),
        ("dlbook/maths/factor.py", "FACTOR = 2", "FACTOR = 2.0"),
        ("dlbook/maths/__init__.py", "", "import math"),
    ],
)
def test_a_change_that_may_change_outputs_makes_a_chapter_stale(book, path, old, new):
    book.replace(path, old, new)
    assert is_stale(book)
    assert "maths/halving" not in execute.stale_chapters(book.root)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("docs/maths/doubling.md", "Twice a number", "Two times a number"),
        ("docs/maths/doubling.md", "title: Doubling", "title: Twice"),
        ("dlbook/maths/factor.py", "# twice", "# two times"),
        ("dlbook/maths/doubling.py", "Double a number.", "Twice a number."),
        ("dlbook/maths/doubling.py", '"""Doubling."""', '"""Twice."""'),
        ("dlbook/maths/doubling.py", "FACTOR * number", "(FACTOR  *  number)"),
    ],
)
def test_wording_never_makes_a_chapter_stale(book, path, old, new):
    book.replace(path, old, new)
    assert not is_stale(book)


def test_a_module_that_no_cell_reaches_does_not_matter(book):
    (book.root / "dlbook" / "maths" / "other.py").write_text("X = 1\n", encoding="utf-8")
    assert not is_stale(book)


def test_recorded_results_of_the_chapter_matter(book):
    folder = book.root / "results" / CHAPTER
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}", encoding="utf-8")
    assert is_stale(book)


@pytest.mark.parametrize(
    ("code", "reached"),
    [
        ("import dlbook.maths.factor", True),
        ("from dlbook.maths import factor", True),
        ("from dlbook.maths.factor import FACTOR", True),
        ("def later():\n    from .factor import FACTOR", True),
        ("from ..maths import factor", True),
        ("NAME = 'dlbook.maths.factor'", True),
        ("if TYPE_CHECKING:\n    import dlbook.maths.factor", False),
        ("import math, dlbooks.maths.factor", False),
        ("this is no Python", False),
    ],
)
def test_imports_are_found_wherever_they_stand(book, code, reached):
    (book.root / "dlbook" / "maths" / "new.py").write_text(code, encoding="utf-8")
    modules = freshness.reached_modules(book.root, ["from dlbook.maths.new import x"])
    assert ("dlbook.maths.factor" in modules) == reached


def test_a_name_that_the_package_imports_lazily_reaches_its_module(book):
    lazy = '_LAZY = {"Two": "dlbook.maths.factor", "Other": "dlbook.maths.doubling", 3: 4}\n'
    (book.root / "dlbook" / "__init__.py").write_text(lazy, encoding="utf-8")
    assert set(freshness.reached_modules(book.root, ["from dlbook import Two"])) == {
        "dlbook",
        "dlbook.maths",
        "dlbook.maths.factor",
    }
    assert set(freshness.reached_modules(book.root, ["import dlbook"])) == {"dlbook"}


def test_the_key_is_the_same_for_every_version_of_python(book):
    path = book.root / "dlbook" / "maths" / "factor.py"
    path.write_text("def f(*, a: int = 1, **k) -> str:\n    return f'{a!r:>{a}} {k}'\n", "utf-8")
    key = freshness.chapter_key(book.root, "x/y", "```python\nimport dlbook.maths.factor\n```\n")
    assert key == "996c8538c4bd812f6b5d614a7313d36724cf7d3858c9481616e5ed36d8d3ff3e"


def test_the_style_of_figures_matters_to_chapters_that_draw(book):
    lab = book.root / "dlbook" / "lab"
    lab.mkdir()
    for name in ("__init__.py", "plots.py"):
        (lab / name).write_text("", encoding="utf-8")
    markdown = "```python\nfrom dlbook.lab import plots\n```\n"
    before = freshness.chapter_key(book.root, "x/y", markdown)
    (lab / "book.mplstyle").write_text("axes.grid: True\n", encoding="utf-8")
    assert freshness.chapter_key(book.root, "x/y", markdown) != before


# What an execution leaves behind


def test_a_second_execution_leaves_the_file_untouched(book):
    before = execute.notebook_path(book.root, CHAPTER).stat().st_mtime_ns
    outcomes = execute.execute_chapters(book.root, [CHAPTER], force=True)
    assert state_of(outcomes) is State.UNCHANGED
    assert execute.notebook_path(book.root, CHAPTER).stat().st_mtime_ns == before


def test_a_changed_cell_changes_the_output(book):
    book.replace("docs/maths/doubling.md", "double(3)", "double(4)")
    reported = []
    outcomes = execute.execute_chapters(book.root, jobs=1, report=reported.append)
    assert state_of(outcomes) is State.WRITTEN
    assert state_of(outcomes, "maths/halving") is State.FRESH
    assert reported == outcomes
    assert "twice three is 8" in saved(book)
    assert execute.stale_chapters(book.root) == []


def test_editing_prose_refreshes_the_text_without_execution(book, no_kernel):
    book.replace("docs/maths/doubling.md", "Twice a number", "Two times a number")
    assert execute.outdated_texts(book.root) == [CHAPTER]
    assert state_of(execute.execute_chapters(book.root)) is State.WRITTEN
    assert "Two times a number" in saved(book)
    assert "twice three is 6" in saved(book)
    assert execute.outdated_texts(book.root) == []


def test_a_fresh_book_is_left_alone(book, no_kernel):
    outcomes = execute.execute_chapters(book.root)
    assert {outcome.state for outcome in outcomes} == {State.FRESH}


def test_a_notebook_tells_nothing_of_when_and_where_it_was_made(book):
    text = saved(book)
    assert str(book.root) not in text
    assert "iopub" not in text
    assert "to stderr\\n" not in text
    assert "at 0x" not in text
    assert json.loads(text)["metadata"] == notebook.METADATA


def test_an_expected_error_is_kept_in_one_line(book):
    cells = execute.saved_cells(book.root, CHAPTER)
    (error,) = cells[-1].outputs
    assert error.output_type == "error"
    assert error.traceback == [f"TypeError: {error.evalue}"]


def test_claims_are_gathered_for_the_whole_book(book):
    claims = json.loads((book.root / "docs/notebooks/claims.json").read_text(encoding="utf-8"))
    assert claims == {CHAPTER: [[{"id": "C-doubling-1", "verdict": "holds"}]]}


def test_a_chapter_that_left_the_book_is_forgotten(book, no_kernel):
    book.replace("mkdocs.yml", "      - Doubling: maths/doubling.md\n", "")
    execute.execute_chapters(book.root)
    assert not execute.notebook_path(book.root, CHAPTER).exists()
    assert list(execute.read_keys(book.root)) == ["maths/halving"]


def test_a_book_without_notebooks_is_stale(book):
    execute.notebook_path(book.root, CHAPTER).unlink()
    assert is_stale(book)
    assert not execute.same_cells(book.root, CHAPTER)


# What goes wrong


def failure(book):
    with pytest.raises(execute.ExecutionError) as caught:
        execute.execute_chapters(book.root)
    (outcome,) = caught.value.failures
    assert str(caught.value) == outcome.message
    assert "\n" not in outcome.message
    return outcome.message


def test_an_error_names_chapter_cell_and_error(book):
    before = saved(book)
    book.replace("docs/maths/doubling.md", "double(3)", "double(three)")
    assert failure(book) == (
        "maths/doubling, cell 1 (import sys): NameError: name 'three' is not defined"
    )
    assert saved(book) == before
    assert is_stale(book)


def test_an_error_in_showing_a_result_is_named_too(book):
    cell = "class Figure:\n    def _repr_svg_(self):\n        raise ValueError('no alt')\nFigure()"
    book.replace("docs/maths/doubling.md", 'print("twice three is", double(3))', cell)
    assert "ValueError: no alt" in failure(book)


def test_a_kernel_that_dies_names_the_cell(book):
    book.replace("docs/maths/doubling.md", "assert double(2) == 4", "import os\nos._exit(1)")
    assert failure(book).startswith("maths/doubling, cell 4 (import os): Kernel died")


def test_a_cell_that_never_ends_is_stopped(book, monkeypatch):
    monkeypatch.setattr(kernel, "CELL_SECONDS", 1)
    book.replace("docs/maths/doubling.md", "assert double(2) == 4", "while True:\n    pass")
    assert "cell 4 (while True:)" in failure(book)


def test_a_lost_listing_names_the_chapter(book):
    book.replace("docs/maths/doubling.md", "doubling.double\n```", "doubling.doble\n```")
    assert failure(book).startswith("maths/doubling, a `source` fence must name something")


def test_a_notebook_that_is_too_large_names_chapter_and_cell(book):
    book.replace("docs/maths/doubling.md", "assert double(2) == 4", "print('x' * 300_000)")
    assert failure(book) == (
        "maths/doubling, notebook must have at most 200 kB; the largest cell is number 4 with "
        "300 kB. Received: 304 kB"
    )


def test_other_chapters_are_finished_when_one_fails(book):
    book.replace("docs/maths/doubling.md", "double(3)", "double(three)")
    book.replace("docs/maths/halving.md", "```py\nshown, not run", "```python\nprint('run')")
    failure(book)
    assert execute.stale_chapters(book.root) == [CHAPTER]
    assert "run\\n" in saved(book, "maths/halving")


def test_an_interrupt_ends_the_kernels(book):
    book.replace("docs/maths/doubling.md", "double(3)", "__import__('time').sleep(100)")

    def interrupt(outcome):
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        execute.execute_chapters(book.root, jobs=2, report=interrupt)
    assert time.monotonic() - start < 50
    assert is_stale(book)


def test_a_kernel_uses_one_thread_unless_told_otherwise(monkeypatch):
    for name in kernel.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    cell = "import os\nfrom dlbook.site.kernel import THREADS\nprint(*map(os.getenv, THREADS))"
    ran = notebook.from_page(Path(), "a/b", {}, f"```python\n{cell}\n```\n")
    kernel.Kernels().run(ran, Path())
    assert ran.cells[-1].outputs[0]["text"] == "1 1 3 1\n"


def test_nothing_runs_after_an_interrupt():
    kernels = kernel.Kernels()
    kernels.stop()
    with pytest.raises(kernel.CellFailedError, match="interrupted"):
        kernels.run(notebook.from_page(Path(), "a/b", {}, "```python\n1\n```\n"), Path())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": 0}, "`jobs` must be 1 or more. Received: 0"),
        ({"chapters": ["maths/nothing"]}, "must have a page under docs. Received: 'maths/nothing'"),
    ],
)
def test_wrong_arguments_are_named(book, options, message):
    with pytest.raises(ValueError, match=message):
        execute.execute_chapters(book.root, **options)


# Pages and notebooks


def test_jupytext_sees_the_same_cells(root):
    for path in (root / "docs" / "maths" / "softmax.md", root / "docs/descent/gradient_descent.md"):
        text = path.read_text(encoding="utf-8")
        theirs = [cell for cell in jupytext.reads(text, "md").cells if cell.cell_type == "code"]
        ours = fences.cells(text)
        assert [cell.source for cell in theirs] == [cell.body.rstrip() for cell in ours]
        assert [tuple(cell.metadata.get("tags", ())) for cell in theirs] == [
            cell.tags for cell in ours
        ]


def test_a_page_is_the_sum_of_its_pieces(root):
    for path in (root / "docs").glob("*/*.md"):
        text = path.read_text(encoding="utf-8")
        assert "".join(str(piece) for piece in fences.split(text)) == text


def test_a_fence_ends_with_its_own_marker():
    text = "````py\n```python\n1\n```\n````\n~~~python\n2\n~~~\n```python\n3"
    assert [cell.body for cell in fences.cells(text)] == ["2\n", "3"]
    assert "".join(str(piece) for piece in fences.split(text)) == text


def test_code_inside_a_line_is_no_fence():
    assert fences.split("```one``` word\n") == ["```one``` word\n"]


def test_a_downloaded_notebook_is_plain_markdown(book):
    texts = "\n".join(
        cell.source
        for cell in execute.read_notebook(book.root, CHAPTER).cells
        if cell.cell_type == "markdown"
    )
    assert texts.startswith("# Doubling\n\nTwice is")
    assert "dlbook run doubling" in texts
    assert "**Solution**" in texts
    assert "[halving](../maths/halving.ipynb)" in texts
    assert "````python\n# dlbook/maths/doubling.py\ndef double" in texts
    for markup in ("///", "{ .caption }", "type: success", "```source"):
        assert markup not in texts


def test_a_notebook_without_heading_gets_the_title(book):
    cells = execute.read_notebook(book.root, "maths/halving").cells
    assert cells[0].source.startswith("# Halving\n\nHalf.")


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("other.md", "[x](../maths/other.ipynb)"),
        ("../stats/mean.md#why", "[x](../stats/mean.ipynb)"),
        ("../index.md", "x"),
        ("index.md", "x"),
        ("../reference/claims.md", "x"),
        ("https://example.org/a.md", "[x](https://example.org/a.md)"),
    ],
)
def test_links_of_a_notebook_lead_to_notebooks(book, target, link):
    made = notebook.from_page(book.root, CHAPTER, {}, f"# T\n\nsee [x]({target}) there\n")
    assert f"see {link} there" in made.cells[0].source
