"""The command line does what it says, and every stop is one clear line."""

import errno
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from types import ModuleType

import nbformat
import pytest

from dlbook import Claim, Experiment, contents
from dlbook.cli import listing, main, reading, running
from dlbook.cli.ending import Failure, ended
from dlbook.cli.quiet import quiet
from dlbook.cli.server import bind
from dlbook.lab.claims import Evidence
from dlbook.lab.results import load

HEAVY = {"tensorflow", "keras", "matplotlib", "xarray", "numpy", "mkdocs", "sklearn", "scipy"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """The commands as they are in an installed wheel, where there is no repository."""
    monkeypatch.setattr(contents, "root", lambda: None)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def one_line(text: str) -> str:
    """The only line of a text, which must be one and no traceback."""
    assert text.startswith("dlbook: ")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text.strip()


# List


def test_list_names_every_chapter_in_reading_order(capsys):
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    places = [shown.index(f"  {chapter.name} ") for chapter in contents.chapters()]
    assert places == sorted(places)


def test_list_as_json_says_where_each_chapter_is(capsys):
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {
        "part": "maths",
        "name": "softmax",
        "title": "Softmax",
        "module": "dlbook.maths.softmax",
        "page": "maths/softmax.md",
    } in found
    assert [each["name"] for each in found] == [chapter.name for chapter in contents.chapters()]


def test_list_answers_in_half_a_second(processor_seconds):
    assert processor_seconds("-m", "dlbook", "list") < 0.5


def test_list_loads_nothing_heavy(python):
    code = "import sys; from dlbook.cli import main; main(['list']); print(*sys.modules)"
    loaded = set(python("-c", code).stdout.splitlines()[-1].split())
    assert "dlbook.contents" in loaded
    assert not loaded & HEAVY


# Asking for help


def test_without_a_command_the_commands_are_shown_in_the_order_of_use(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    names = ["list", "run", "notebook", "read", "build", "data", "claims", "new"]
    places = [shown.index(f"│ {name} ") for name in names]
    assert places == sorted(places)


def test_the_version_is_that_of_the_package(python):
    from dlbook import __version__

    assert python("-m", "dlbook", "--version").stdout == f"dlbook {__version__}\n"


def test_an_unknown_option_is_a_wrong_argument(capsys):
    assert main(["list", "--colour"]) == 2
    assert "--colour" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "notebook"])
def test_an_unknown_chapter_gets_the_nearest_names_and_exit_code_2(command, here, capsys):
    assert main([command, "softmx"]) == 2
    assert "Did you mean maths/softmax?" in one_line(capsys.readouterr().err)
    assert not any(here.iterdir())


def test_a_planned_chapter_is_called_planned(monkeypatch, here, capsys):
    monkeypatch.setattr(contents, "planned", lambda: {"maths/surprise": "Surprise"})
    assert main(["run", "surprise"]) == 2
    assert "planned and not written yet" in one_line(capsys.readouterr().err)


# Run


def test_run_shows_a_table_and_verdicts_and_keeps_results_and_figures(here, capsys):
    assert main(["run", "softmax", "--seeds", "30"]) == 0
    shown, errors = capsys.readouterr()
    folder = here / "dlbook-results" / "maths" / "softmax"
    results = load(folder / "confidence.json")
    assert results.sizes["seed"] == 30
    assert results.attrs["command"] == "dlbook run maths/softmax --seeds 30"
    assert (folder / "confidence.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (folder / "confidence.png").read_bytes().startswith(b"\x89PNG")
    assert "mean" in shown
    assert "low" in shown
    assert "✓ holds: C-softmax-1" in shown
    assert "Saved in dlbook-results/maths/softmax" in shown
    assert errors == ""


def test_quick_runs_the_outermost_levels_and_says_so(here, capsys):
    assert main(["run", "softmax", "--quick", "--seeds", "2", "--out", "look"]) == 0
    results = load(here / "look" / "confidence.json")
    assert dict(results.sizes) == {"temperature": 2, "seed": 2}
    assert "A quick look is no test" in capsys.readouterr().out


def test_full_runs_are_recorded_in_the_repository(here, monkeypatch, capsys):
    monkeypatch.setattr(contents, "root", lambda: here)
    monkeypatch.setattr(contents, "find", lambda name: contents.Chapter("maths", "softmax", "S"))
    assert main(["run", "softmax", "--full", "--seeds", "2"]) == 0
    results = load(here / "results" / "maths" / "softmax" / "confidence.json")
    assert results.attrs["command"] == "dlbook run maths/softmax --full --seeds 2"


def test_two_runs_find_the_same(here, capsys):
    for folder in ("one", "two"):
        assert main(["run", "softmax", "--quick", "--out", folder]) == 0
    one, two = (load(here / folder / "calibration.json") for folder in ("one", "two"))
    assert one.equals(two)
    figures = [(here / folder / "calibration.svg").read_bytes() for folder in ("one", "two")]
    assert figures[0] == figures[1]


def test_a_store_keeps_finished_work(here, capsys):
    assert main(["run", "softmax", "--seeds", "2", "--store", "kept"]) == 0
    assert any((here / "kept").rglob("*"))


@pytest.mark.parametrize(
    "options",
    [
        ["--quick", "--full"],
        ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
        ["--quick", "--workers", "2"],
        ["--quick", "--store", "kept"],
    ],
)
def test_options_that_contradict_each_other_are_refused(options, here, capsys):
    assert main(["run", "softmax", *options]) == 2
    one_line(capsys.readouterr().err)
    assert not any(here.iterdir())


def test_a_scheduler_without_dask_is_refused_in_one_line(here, monkeypatch, capsys):
    monkeypatch.setattr(running, "find_spec", lambda name: None)
    assert main(["run", "softmax", "--scheduler", "tcp://127.0.0.1:1"]) == 1
    assert "dlbook[cluster]" in one_line(capsys.readouterr().err)
    assert not any(here.iterdir())


def test_a_chapter_without_experiments_says_so(here, monkeypatch, capsys):
    monkeypatch.setattr(running, "experiments_of", lambda module: [])
    assert main(["run", "softmax"]) == 1
    assert "no experiment" in one_line(capsys.readouterr().err)
    assert not any(here.iterdir())


@pytest.fixture
def picky(monkeypatch):
    """A chapter whose figure and whose claim need a level between the outermost ones."""
    middle = Experiment(
        "middle",
        "What lies between?",
        {"level": [1, 2, 3]},
        lambda seed, level: {"height": seed * level},
        seeds=range(2),
    )

    def needs_two(results):
        return Evidence.from_mean("at 2", results["height"].sel(level=2), at_least=0)

    module = ModuleType("picky")
    module.MIDDLE = middle  # pyright: ignore[reportAttributeAccessIssue]
    module.CLAIMS = (Claim("C-picky-1", "It does.", middle, needs_two),)  # pyright: ignore[reportAttributeAccessIssue]
    module.plot_middle = needs_two  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setattr(running, "import_module", lambda name: module)
    return module


def test_quick_says_what_it_cannot_show(picky, here, capsys):
    assert main(["run", "softmax", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "The figure needs levels that --quick leaves out." in shown
    assert "C-picky-1 needs levels that --quick leaves out." in shown
    assert "middle (json)" in shown


def test_quick_says_so_too_where_something_counts_the_levels(picky, here, capsys):
    picky.plot_middle = lambda results: dict(zip("abc", results["level"].values, strict=True))
    picky.CLAIMS = (Claim("C-picky-1", "It does.", picky.MIDDLE, lambda results: []),)
    assert main(["run", "softmax", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "The figure needs levels that --quick leaves out." in shown
    assert "C-picky-1 needs levels that --quick leaves out." in shown


def test_a_missing_level_is_a_bug_in_a_whole_run(picky, here, capsys):
    picky.plot_middle = lambda results: results["height"].sel(level=4)
    with pytest.raises(KeyError):
        main(["run", "softmax"])
    del picky.plot_middle
    picky.MIDDLE = Experiment("middle", "?", {"level": [1, 3]}, picky.MIDDLE.trial, seeds=range(2))
    with pytest.raises(KeyError):
        main(["run", "softmax"])


def test_a_chapter_without_claims_shows_its_table_only(picky, here, capsys):
    del picky.CLAIMS, picky.plot_middle
    assert main(["run", "softmax"]) == 0
    assert "What the notes say" not in capsys.readouterr().out


def test_a_long_table_is_cut_in_the_middle():
    table = "\n".join(f"row {number}" for number in range(200))
    lines = running._shortened(table).splitlines()
    assert lines[0] == "row 0"
    assert lines[-1] == "row 199"
    assert len(lines) == running.LONGEST_TABLE + 1
    assert "140 rows more" in lines[30]


def test_run_is_silent_about_tensorflow(python, tmp_path):
    done = python("-m", "dlbook", "run", "binary_output", "--quick", "--seeds", "2", timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# Stops from outside, as they happen in a terminal


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child")
def test_ctrl_c_ends_a_run_with_one_line_and_leaves_nothing_half_written(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "dlbook", "run", "softmax", "--seeds", "50000", "--out", "kept"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("valid") for line in process.stdout)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "stopped" in one_line(errors.splitlines(keepends=True)[-1])
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child")
def test_ctrl_c_in_the_first_moment_is_one_line_too(tmp_path):
    code = (
        "import os, signal, sys, dlbook.contents\n"
        "dlbook.contents.chapters = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "from dlbook.cli import main\n"
        "sys.exit(main(['list']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 130
    one_line(done.stderr)


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["--version"]])
def test_a_closed_pipe_ends_with_one_line(command, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "dlbook", *command],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 141
    assert "closed" in one_line(done.stderr)


class Broken(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_closed_pipe_is_told_apart_from_other_failures(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Broken())
    assert main(["list", "--json"]) == 141
    sys.stdout.close()
    one_line(capsys.readouterr().err)


def test_when_nobody_listens_at_all_the_exit_code_still_tells(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Broken())
    assert main(["run", "softmx"]) == 2
    assert sys.stderr is None


def test_ctrl_c_passes_typer_as_it_is(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(contents, "parts", interrupt)
    assert main(["list"]) == 130
    assert "stopped" in one_line(capsys.readouterr().err)


def test_a_stopped_sweep_says_how_to_go_on(monkeypatch, here, capsys):
    def interrupt(options, experiment):
        raise KeyboardInterrupt("Stopped after 3 runs. Run the same again to continue.")

    monkeypatch.setattr(running.Options, "run", interrupt)
    assert main(["run", "softmax"]) == 130
    line = one_line(capsys.readouterr().err)
    assert line == "dlbook: stopped after 3 runs. Run the same again to continue."


@pytest.mark.parametrize("command", ["run", "notebook"])
def test_a_folder_that_cannot_be_written_is_one_line(command, here, capsys):
    (here / "file").write_text("not a folder", encoding="utf-8")
    assert main([command, "softmax", "--out", "file/inside"]) == 1
    assert "cannot write file" in one_line(capsys.readouterr().err)
    assert [path.name for path in here.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_line_before_anything_runs(here, capsys):
    (here / "locked").mkdir(mode=0o500)
    assert main(["run", "softmax", "--out", "locked"]) == 1
    shown, errors = capsys.readouterr()
    assert "cannot write locked: Permission denied." in one_line(errors)
    assert "valid" not in shown


def test_a_folder_that_refuses_files_is_found_before_anything_runs(here, monkeypatch, capsys):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(running.tempfile, "NamedTemporaryFile", refuse)
    assert main(["run", "softmax", "--out", "locked"]) == 1
    shown, errors = capsys.readouterr()
    assert "cannot write locked: Permission denied." in one_line(errors)
    assert shown == ""
    assert not any(here.iterdir())


def test_a_taken_port_is_one_line_with_another_port(capsys, free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        assert main(["read", "--port", str(free_port)]) == 1
    assert f"port {free_port} is taken" in one_line(capsys.readouterr().err)


def test_a_bug_keeps_its_traceback():
    with pytest.raises(KeyError), ended():
        raise KeyError("a mistake of ours")


@pytest.mark.parametrize(
    ("stop", "code", "line"),
    [
        (Failure("no."), 1, "no."),
        (Failure("no such thing.", 2), 2, "no such thing."),
        (OSError(28, "No space left on device", "x.json"), 1, "cannot write x.json: No space"),
        (OSError(5, "Input/output error", "x.json"), 1, "cannot use x.json: Input/output error."),
        (OSError(5, "Input/output error"), 1, "Input/output error."),
        (OSError("mnist.npz was looked for in vain."), 1, "mnist.npz was looked for in vain."),
    ],
)
def test_each_stop_has_its_line_and_its_exit_code(stop, code, line, capsys):
    with ended() as ending:
        raise stop
    assert ending.code == code
    assert line in one_line(capsys.readouterr().err)


# Quiet


def test_only_the_chatter_of_tensorflow_is_dropped(capfd):
    with quiet():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called\n")
        os.write(2, b"I0000 00:00:1795356546.441925   10182 port.cc:153] oneDNN is on.\n")
        os.write(2, b"2026-01-01 00:00:00.000000: I tensorflow/core: optimized\n")
        os.write(2, b"E0000 00:00:1795356546.441925   10182 gpu.cc:1] out of memory\n")
        os.write(2, b"a real problem\n")
        sys.stderr.write("from Python\n")
    os.write(2, b"afterwards\n")
    lines = capfd.readouterr().err.splitlines()
    assert sorted(lines) == [
        "E0000 00:00:1795356546.441925   10182 gpu.cc:1] out of memory",
        "a real problem",
        "afterwards",
        "from Python",
    ]


# Notebook


def test_notebook_writes_a_notebook_whose_cells_run(here, capsys):
    assert main(["notebook", "softmax", "--out", "mine"]) == 0
    path = here / "mine" / "softmax.ipynb"
    assert str(path.relative_to(here)) in capsys.readouterr().out
    written = nbformat.read(path, as_version=4)
    nbformat.validate(written)
    assert written.cells[0].source.startswith("# Softmax")
    first = next(cell for cell in written.cells if cell.cell_type == "code")
    exec(compile(first.source, "cell", "exec"), {})


def test_notebook_never_overwrites_without_force(here, capsys):
    path = here / "softmax.ipynb"
    path.write_text("my own notes", encoding="utf-8")
    assert main(["notebook", "softmax"]) == 1
    assert "--force" in one_line(capsys.readouterr().err)
    assert path.read_text(encoding="utf-8") == "my own notes"
    assert main(["notebook", "softmax", "--force"]) == 0
    assert nbformat.read(path, as_version=4).cells


# Data and claims


def test_data_tells_source_size_licence_and_presence_of_each_set(capsys):
    assert main(["data"]) == 0
    shown = capsys.readouterr().out
    for name in ("digits", "breast_cancer", "mnist"):
        assert name in shown
    assert "licence" in shown


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """A book with two claims."""
    record = {"statement": "Shares [sum] to 1.", "verdict": "holds", "evidence": []}
    tables = {
        "maths/softmax": [[{"id": "C-softmax-1", **record}]],
        "maths/entropy": [[{"id": "C-entropy-1", **record, "verdict": "fails"}]],
    }
    path = tmp_path / "docs" / "notebooks" / "claims.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(tables), encoding="utf-8")
    monkeypatch.setattr(contents, "folder", lambda: tmp_path)


def test_claims_shows_each_verdict_and_their_numbers(ledger, capsys):
    assert main(["claims"]) == 0
    shown = capsys.readouterr().out
    assert "✓ holds    Shares [sum] to 1." in shown
    assert "✗ fails" in shown
    assert "2 claims: 1 holds, 1 fails, 0 depends" in shown


def test_claims_as_json_names_the_chapter_of_each_claim(ledger, capsys):
    assert main(["claims", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["chapter"], each["id"]) for each in found] == [
        ("maths/softmax", "C-softmax-1"),
        ("maths/entropy", "C-entropy-1"),
    ]


def test_claims_before_the_first_build_says_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(contents, "folder", lambda: tmp_path)
    assert main(["claims"]) == 1
    assert "dlbook build" in one_line(capsys.readouterr().err)


def test_the_real_ledger_has_the_claims_of_every_chapter():
    chapters = {record["chapter"] for record in listing.read_claims()}
    assert chapters == {chapter.address for chapter in contents.chapters()}


# Build and read


@pytest.fixture
def site(tmp_path):
    """A small built site that expects to be served under /dlbook/."""
    folder = tmp_path / "site"
    (folder / "maths").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>The book</h1>", encoding="utf-8")
    (folder / "maths" / "index.html").write_text("<h1>Maths</h1>", encoding="utf-8")
    (folder / "404.html").write_text("<h1>Nothing here</h1>", encoding="utf-8")
    where = '<urlset xmlns="x"><url><loc>http://127.0.0.1/dlbook/</loc></url></urlset>'
    (folder / "sitemap.xml").write_text(where, encoding="utf-8")
    return folder


@pytest.fixture
def ask(site, free_port):
    """Asks a running server of the site for a path: status, body and headers."""
    with bind(site, free_port) as server:
        server.prefix = reading.prefix_of(site)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def request(path, method="GET"):
            connection = http.client.HTTPConnection("127.0.0.1", free_port, timeout=5)
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode(), dict(response.headers)

        yield request
        server.shutdown()
        thread.join()


def test_the_site_is_served_under_the_path_that_it_was_built_for(ask):
    assert ask("/dlbook/")[:2] == (200, "<h1>The book</h1>")
    assert ask("/dlbook/maths/?q=1")[:2] == (200, "<h1>Maths</h1>")
    assert ask("/dlbook/maths/", "HEAD")[:2] == (200, "")


@pytest.mark.parametrize("path", ["/", "/dlbook"])
def test_a_bare_address_leads_to_the_book(ask, path):
    status, _, headers = ask(path)
    assert (status, headers["Location"]) == (302, "/dlbook/")


@pytest.mark.parametrize("path", ["/dlbook/nothing", "/maths/", "/dlbook/../secret", "//etc"])
def test_what_is_not_there_gets_the_books_own_page(ask, path):
    assert ask(path)[:2] == (404, "<h1>Nothing here</h1>")
    assert ask(path, "HEAD")[:2] == (404, "")


def test_without_a_page_of_its_own_the_plain_one_is_shown(ask, site):
    (site / "404.html").unlink()
    assert ask("/dlbook/nothing")[0] == 404


def test_the_server_answers_this_computer_only(site, free_port):
    with bind(site, free_port) as server:
        assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("http://h/", "/"), ("http://h", "/"), ("http://h/dlbook/", "/dlbook/"), ("", "/")],
)
def test_the_path_of_a_site_is_read_from_its_map(site, address, prefix):
    (site / "sitemap.xml").write_text(f"<s><loc>{address}</loc></s>", encoding="utf-8")
    assert reading.prefix_of(site) == prefix


def test_a_map_without_pages_means_the_root(site):
    (site / "sitemap.xml").write_text("<s/>", encoding="utf-8")
    assert reading.prefix_of(site) == "/"


def test_read_builds_only_what_is_older_than_its_sources(site):
    root = site.parent
    (root / "docs").mkdir()
    page = root / "docs" / "page.md"
    page.write_text("# Page", encoding="utf-8")
    (root / "mkdocs.yml").write_text("", encoding="utf-8")
    future = time.time() + 10
    os.utime(site / "sitemap.xml", (future, future))
    assert not reading.needs_build(root)
    os.utime(page, (future + 10, future + 10))
    assert reading.needs_build(root)
    (site / "sitemap.xml").unlink()
    assert reading.needs_build(root)


def test_read_shows_the_address_and_ends_with_ctrl_c(site, free_port, monkeypatch, capsys):
    def interrupt(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(contents, "root", lambda: site.parent)
    monkeypatch.setattr(reading, "needs_build", lambda root: True)
    monkeypatch.setattr(reading, "build_book", lambda: site)
    monkeypatch.setattr("dlbook.cli.server.BookServer.serve_forever", interrupt)
    assert main(["read", "--port", str(free_port)]) == 0
    shown = capsys.readouterr().out
    assert f"http://localhost:{free_port}/dlbook/" in shown
    assert "Closed the book." in shown


@pytest.mark.parametrize(
    "command", [["read"], ["build"], ["build", "--check"], ["new", "maths/entropy"]]
)
def test_what_needs_the_repository_says_so_in_an_installed_package(command, installed, capsys):
    assert main(command) == 1
    assert f"`dlbook {command[0]}` works in a copy" in one_line(capsys.readouterr().err)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A repository whose build is replaced by a record of what was asked for."""
    from dlbook.site import build, execute, offline

    asked = {}

    def execute_chapters(root, *, jobs, force, report):
        asked.update(jobs=jobs, force=force)
        report(execute.Outcome("maths/softmax", execute.State.WRITTEN, 1.5))
        report(execute.Outcome("maths/entropy", execute.State.FRESH, 0.0))

    def build_site(root, *, site_dir, zip_name):
        (site_dir / "index.html").write_text(f"new {zip_name}".strip(), encoding="utf-8")

    def make_zip(root, target):
        target.write_text("zip", encoding="utf-8")

    monkeypatch.setattr(contents, "root", lambda: tmp_path)
    monkeypatch.setattr(execute, "execute_chapters", execute_chapters)
    monkeypatch.setattr(build, "build_site", build_site)
    monkeypatch.setattr(offline, "make_zip", make_zip)
    return tmp_path, asked


def test_build_says_what_it_did_and_puts_the_site_in_its_place(book, capsys):
    root, asked = book
    (root / "site").mkdir()
    (root / "site" / "old.html").write_text("old", encoding="utf-8")
    assert main(["build", "--jobs", "3", "--force"]) == 0
    shown = capsys.readouterr().out
    assert "1.5 s  written    maths/softmax" in shown
    assert asked == {"jobs": 3, "force": True}
    assert [path.name for path in (root / "site").iterdir()] == ["index.html"]
    assert not any((root / ".cache").iterdir())


def test_the_offline_edition_lies_in_the_site_that_links_to_it(book, capsys):
    root, _ = book
    assert main(["build", "--offline"]) == 0
    assert sorted(path.name for path in (root / "site").iterdir()) == [
        "dlbook-offline.zip",
        "index.html",
    ]
    assert (root / "site" / "index.html").read_text(encoding="utf-8") == "new dlbook-offline.zip"
    assert capsys.readouterr().out.endswith("/site/dlbook-offline.zip\n")


def test_a_failed_build_leaves_the_old_site_and_names_each_problem(book, monkeypatch, capsys):
    from dlbook.site import build

    def fail(root, **options):
        raise build.SiteError(["maths/softmax.md: a link leads nowhere"])

    root, _ = book
    (root / "site").mkdir()
    monkeypatch.setattr(build, "build_site", fail)
    assert main(["build"]) == 1
    errors = capsys.readouterr().err
    assert errors.splitlines()[1:] == ["maths/softmax.md: a link leads nowhere"]
    assert (root / "site").is_dir()
    assert not any((root / ".cache").iterdir())


def test_check_names_stale_notebooks(book, monkeypatch, capsys):
    from dlbook.site import execute

    monkeypatch.setattr(execute, "stale_chapters", lambda root: ["maths/softmax"])
    monkeypatch.setattr(execute, "outdated_texts", lambda root: ["maths/entropy"])
    assert main(["build", "--check"]) == 1
    line = one_line(capsys.readouterr().err)
    assert "stale notebooks: maths/softmax, maths/entropy." in line
    monkeypatch.setattr(execute, "stale_chapters", lambda root: [])
    monkeypatch.setattr(execute, "outdated_texts", lambda root: [])
    assert main(["build", "--check"]) == 0


def test_without_mkdocs_building_says_what_to_install(book, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mkdocs", None)
    assert main(["build"]) == 1
    assert "[docs]" in one_line(capsys.readouterr().err)


# New

UNWRITTEN = "maths/encoding"


@pytest.fixture
def copy(tmp_path, monkeypatch, root):
    """A repository with the real nav, in which one chapter is announced and not yet written."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.yml").write_bytes((root / "docs" / "notes.yml").read_bytes())
    nav = (root / "mkdocs.yml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in nav if f"{UNWRITTEN}.md" not in line]
    assert len(kept) == len(nav) - 1
    (tmp_path / "mkdocs.yml").write_text("".join(kept), encoding="utf-8")
    monkeypatch.setattr(contents, "root", lambda: tmp_path)
    return tmp_path


def test_new_writes_page_module_and_test_and_a_line_in_the_nav(copy, capsys):
    address = UNWRITTEN
    assert main(["new", address]) == 0
    part, name = address.split("/")
    shown = capsys.readouterr().out
    for path in (f"docs/{address}.md", f"dlbook/{address}.py", f"tests/{part}/test_{name}.py"):
        assert (copy / path).is_file()
        assert "{{" not in (copy / path).read_text(encoding="utf-8")
        assert str(Path(path)) in shown
    written = [
        chapter.address for each in contents.read(copy / "mkdocs.yml") for chapter in each.chapters
    ]
    announced = list(contents.announced(copy / "docs" / "notes.yml"))
    assert address in written
    assert [each for each in announced if each in written] == written


def test_new_takes_a_title_and_puts_an_unannounced_chapter_last(copy):
    assert main(["new", "maths/zeta", "--title", 'Zeta: "a function"']) == 0
    maths = next(part for part in contents.read(copy / "mkdocs.yml") if part.name == "maths")
    assert maths.chapters[-1] == contents.Chapter("maths", "zeta", 'Zeta: "a function"')


@pytest.mark.parametrize(
    "address", ["nowhere/zeta", "maths/Zeta", "maths/", "maths", "maths/class", "descent/softmax"]
)
def test_new_refuses_an_address_that_no_chapter_may_have(address, copy, capsys):
    before = (copy / "mkdocs.yml").read_bytes()
    assert main(["new", address]) == 2
    assert f"Received: {address!r}" in one_line(capsys.readouterr().err)
    assert (copy / "mkdocs.yml").read_bytes() == before


def test_new_never_replaces_a_file(copy, capsys):
    page = copy / "docs" / "maths" / "zeta.md"
    page.parent.mkdir()
    page.write_text("my own text", encoding="utf-8")
    assert main(["new", "maths/zeta"]) == 2
    assert "must not replace zeta.md" in one_line(capsys.readouterr().err)
    assert page.read_text(encoding="utf-8") == "my own text"
