"""The package is light to import, bounded in what it needs, and works without its repository."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from dlbook import contents

HEAVY = {"tensorflow", "keras", "matplotlib", "xarray", "pandas", "scipy", "sklearn"}
NUMPY_PARTS = ("science", "maths", "stats", "calculus", "descent")
REQUIRED = "import {module}, sys; print(*sys.modules)"


@pytest.fixture(scope="session")
def project(root):
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="session")
def wheel(root, tmp_path_factory):
    """The wheel of the package as it is now."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(root)]
    subprocess.run(command, check=True, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A folder into which the wheel was installed, far from the repository."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--quiet", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return folder


# Import


def test_importing_dlbook_loads_nothing_heavy(python):
    loaded = set(python("-c", REQUIRED.format(module="dlbook")).stdout.split())
    assert "dlbook" in loaded
    assert not loaded & (HEAVY | {"numpy"})


def test_importing_dlbook_is_quick(processor_seconds):
    assert processor_seconds("-c", "import dlbook") < 0.3


def test_public_classes_come_on_first_use(python):
    code = "import dlbook; print(dlbook.Experiment, dlbook.Training, dlbook.Claim)"
    shown = python("-c", code).stdout
    assert "dlbook.lab.experiment.Experiment" in shown
    assert "dlbook.lab.training.Training" in shown
    assert "dlbook.lab.claims.Claim" in shown


def test_a_name_that_the_package_lacks_is_an_attribute_error():
    import dlbook

    with pytest.raises(AttributeError, match="no attribute 'Experimant'"):
        dlbook.Experimant  # noqa: B018


@pytest.mark.parametrize(
    "module",
    [
        "dlbook.lab.training",
        *(one.module for one in contents.chapters() if one.part in NUMPY_PARTS),
    ],
)
def test_modules_of_the_early_parts_load_nothing_heavy(module, python):
    done = python("-c", REQUIRED.format(module=module))
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & HEAVY


def test_importing_every_chapter_has_no_effect(python, tmp_path):
    modules = [chapter.module for chapter in contents.chapters()]
    code = (
        "import sys, random, numpy as np\n"
        "before = random.getstate(), repr(np.random.get_state())\n"
        f"import {', '.join(modules)}\n"
        "assert before == (random.getstate(), repr(np.random.get_state())), 'seeded'\n"
        "assert 'matplotlib' not in sys.modules, 'styled'"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


# Bounds


def requirements(project):
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for each in extras.values() for text in each)]
    return [Requirement(text) for text in texts if not text.startswith("dlbook[")]


def test_every_dependency_has_a_lower_and_an_upper_bound(project):
    for requirement in requirements(project):
        operators = {each.operator for each in requirement.specifier}
        assert operators == {">=", "<"}, requirement


def test_the_extra_all_holds_every_other_extra(project):
    extras = project["optional-dependencies"]
    assert set(extras) == {"docs", "test", "cluster", "bench", "all"}
    assert Requirement(extras["all"][0]).extras == set(extras) - {"all"}


@pytest.fixture(scope="session")
def tested(root):
    """The versions in constraints.txt."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    return {canonical(pin.split("==")[0]): Version(pin.split("==")[1]) for pin in pins}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_tested_versions_lie_within_the_bounds(project, tested):
    for requirement in requirements(project):
        version = tested[canonical(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_the_tests_run_with_the_tested_versions_or_say_so(project, tested):
    from importlib import metadata

    core = [Requirement(text).name for text in project["dependencies"]]
    others = {name: metadata.version(name) for name in core}
    differing = {
        name: version
        for name, version in others.items()
        if Version(version) != tested[canonical(name)]
    }
    if differing:
        pytest.skip(f"other versions than those of constraints.txt: {differing}")


# Wheel


def test_the_wheel_holds_what_the_package_needs_at_run_time(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        "dlbook/py.typed",
        "dlbook/lab/book.mplstyle",
        "dlbook/templates/page.md",
        "dlbook/_book/mkdocs.yml",
        "dlbook/_book/docs/notes.yml",
        "dlbook/_book/docs/notebooks/claims.json",
        *(f"dlbook/_book/docs/{chapter.page}" for chapter in contents.chapters()),
        *(f"{chapter.module.replace('.', '/')}.py" for chapter in contents.chapters()),
    }
    assert needed <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(wheel):
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.split("/")[0] == "dlbook" or ".dist-info/" in name
        assert not name.endswith((".ipynb", ".pyc", ".html"))
        assert "/tests/" not in name


def test_an_installed_wheel_is_the_one_that_is_used(python, installed):
    shown = python("-c", "import dlbook; print(dlbook.__file__)", path=[installed]).stdout
    assert shown.startswith(str(installed))


def test_an_installed_book_lists_its_chapters(python, installed):
    done = python("-m", "dlbook", "list", "--json", path=[installed])
    names = [chapter["name"] for chapter in json.loads(done.stdout)]
    assert names == [chapter.name for chapter in contents.chapters()]


def test_an_installed_book_knows_its_claims(python, installed):
    done = python("-m", "dlbook", "claims", "--json", path=[installed])
    assert {claim["chapter"] for claim in json.loads(done.stdout)} == {
        chapter.address for chapter in contents.chapters()
    }


def test_an_installed_book_runs_a_chapter_and_draws_its_figure(python, installed, tmp_path):
    done = python("-m", "dlbook", "run", "softmax", "--quick", "--out", "o", path=[installed])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o" / "confidence.svg").is_file()


def test_an_installed_book_writes_notebooks_without_mkdocs(python, installed, tmp_path):
    code = (
        "import sys; sys.modules['mkdocs'] = None\n"
        "from dlbook.cli import main; sys.exit(main(['notebook', 'softmax']))"
    )
    done = python("-c", code, path=[installed])
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "softmax.ipynb").read_text(encoding="utf-8"))["cells"]
    listings = [cell for cell in cells if "def softmax(" in "".join(cell["source"])]
    assert listings


def test_an_installed_book_says_that_building_needs_the_repository(python, installed):
    done = python("-m", "dlbook", "read", path=[installed])
    assert done.returncode == 1
    assert done.stderr.startswith("dlbook: `dlbook read` works in a copy of the book's repository")
