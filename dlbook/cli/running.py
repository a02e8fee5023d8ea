"""``dlbook run``: a chapter's experiments with their tables, figures and verdicts."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from dlbook import contents
from dlbook.cli.console import VERDICT_STYLES, say
from dlbook.cli.ending import WRONG_ARGUMENT, Failure
from dlbook.cli.quiet import quiet
from dlbook.cli.restyling import Pictures, restyle

if TYPE_CHECKING:
    import xarray as xr

    from dlbook.lab.claims import Claim
    from dlbook.lab.experiment import Experiment

DOTS_PER_INCH = 200
LONGEST_TABLE = 60


@dataclass(frozen=True)
class Options:
    """How to run: how much of each experiment, and where.

    Args:
        quick: only the outermost levels, few seeds.
        full: the levels and seeds of the recorded run.
        seeds: repetitions of each condition, or None for the experiment's own.
        workers: processes that share the work.
        scheduler: address of a Dask cluster.
        store: folder that keeps finished work units.
    """

    quick: bool = False
    full: bool = False
    seeds: int | None = None
    workers: int = 1
    scheduler: str | None = None
    store: Path | None = None

    @property
    def words(self) -> list[str]:
        """The options that change the results, as they are typed."""
        chosen = ["--quick"] * self.quick + ["--full"] * self.full
        return chosen + ([f"--seeds {self.seeds}"] if self.seeds else [])

    def check(self) -> None:
        """Refuse options that contradict each other or cannot be met.

        Raises:
            Failure: if they do, or need a library that is not installed.
        """
        elsewhere = self.workers > 1 or self.scheduler or self.store
        if self.quick and self.full:
            raise Failure("--quick and --full exclude each other.", WRONG_ARGUMENT)
        if self.workers > 1 and self.scheduler:
            raise Failure("--workers and --scheduler exclude each other.", WRONG_ARGUMENT)
        if self.quick and elsewhere:
            raise Failure(
                "--quick runs here and at once: leave out --workers, --scheduler and --store.",
                WRONG_ARGUMENT,
            )
        if self.scheduler and not find_spec("distributed"):
            raise Failure('--scheduler needs Dask: python -m pip install "dlbook[cluster]"')

    def refuse_all(self, reason: str) -> None:
        """Refuse every option on how to run experiments.

        Args:
            reason: why none of them has a meaning.

        Raises:
            Failure: if one was given.
        """
        if self != Options():
            raise Failure(
                f"{reason}: leave out --quick, --full, --seeds, --workers, --scheduler, --store.",
                WRONG_ARGUMENT,
            )

    def run(self, experiment: "Experiment") -> "xr.Dataset":
        """Run one experiment as these options say."""
        if self.quick:
            return experiment.quick(*([self.seeds] if self.seeds else []))
        where: dict[str, Any] = {
            "workers": self.workers,
            "scheduler": self.scheduler,
            "store": self.store,
        }
        if self.seeds:
            where["seeds"] = self.seeds
        return experiment.full(**where) if self.full else experiment.run(**where)


def run_chapter(
    name: str, out: Path | None, options: Options, pictures: Pictures | None = None
) -> None:
    """Run all experiments of a chapter and show and keep what they found.

    Args:
        name: the chapter, as a person names it.
        out: folder for results and figures; None for the usual one.
        options: how to run.
        pictures: files for a chapter that works on a person's own pictures.

    Raises:
        UnknownChapter: if there is no such chapter.
        Failure: if the options contradict each other, or the chapter has no experiment.
        OSError: if the folder cannot be written.
    """
    options.check()
    chapter = contents.find(name)
    if pictures is not None and pictures.wanted:
        pictures.check(chapter)
        options.refuse_all("--content and --style make one picture")
        return restyle(chapter, pictures, out)
    folder = out or _usual_folder(chapter, options)
    with quiet(), writable(folder):
        module = import_module(chapter.module)
        experiments = experiments_of(module)
        if not experiments:
            raise Failure(f"{chapter.address} has no experiment to run.")
        found = [_run_one(module, each, folder, (chapter, options)) for each in experiments]
        _judge(module, found, options)
    say(f"\nSaved in {escape(str(folder))}: {escape(_names(folder, experiments))}")


def experiments_of(module: ModuleType) -> list["Experiment"]:
    """The experiments that a chapter's module defines, in the order of its source.

    Args:
        module: an imported chapter.

    Returns:
        Each experiment once, whatever number of names it has.
    """
    from dlbook.lab.experiment import Experiment

    found = [value for value in vars(module).values() if isinstance(value, Experiment)]
    return list(dict.fromkeys(found))


def _names(folder: Path, experiments: list["Experiment"]) -> str:
    """What is there of each experiment, such as ``confidence (json, png, svg)``."""
    found = {
        one.name: sorted(path.suffix[1:] for path in folder.glob(f"{one.name}.*"))
        for one in experiments
    }
    return ", ".join(f"{name} ({', '.join(kinds)})" for name, kinds in found.items())


def _usual_folder(chapter: contents.Chapter, options: Options) -> Path:
    """Recorded full-scale runs belong to the repository; all others to the current folder."""
    root = contents.root()
    base = root / "results" if options.full and root else Path("dlbook-results")
    return base / chapter.part / chapter.name


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make a folder and try it before hours of work; leave no empty one behind after a stop."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _try_writing(folder)
        yield
    finally:
        for made in missing:
            _remove_if_empty(made)


def _try_writing(folder: Path) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".dlbook-"):
            pass
    except OSError as error:
        error.filename = str(folder)
        raise


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _run_one(
    module: ModuleType,
    experiment: "Experiment",
    folder: Path,
    origin: tuple[contents.Chapter, Options],
) -> "xr.Dataset":
    """Run, show and keep one experiment."""
    from dlbook.lab import results as kept

    chapter, options = origin
    say(f"\n[bold]{experiment.name}[/bold]  {escape(experiment.question)}")
    results = options.run(experiment)
    command = " ".join(["dlbook run", chapter.address, *options.words])
    results.attrs["command"] = command
    _show_summary(results)
    kept.save(results, folder / f"{experiment.name}.json")
    try:
        _draw(module, experiment.name, results, folder)
    except (LookupError, ValueError):
        if not options.quick:
            raise
        say("[dim]The figure needs levels that --quick leaves out.")
    return results


def _show_summary(results: "xr.Dataset") -> None:
    """Print the size of an experiment and its table of means with confidence intervals."""
    from dlbook.lab.results import summary

    attrs = results.attrs
    engine = attrs["engine"] if isinstance(attrs["engine"], str) else "; ".join(attrs["engine"])
    say(f"[dim]{attrs['num_runs']:,} runs in {attrs['seconds']:.1f} s, engine: {escape(engine)}")
    say(escape(_shortened(str(summary(results)))))


def _shortened(table: str) -> str:
    """The first and last lines of a long table."""
    lines = table.splitlines()
    if len(lines) <= LONGEST_TABLE:
        return table
    half = LONGEST_TABLE // 2
    left_out = f"… {len(lines) - 2 * half} rows more in the saved results …"
    return "\n".join([*lines[:half], left_out, *lines[-half:]])


def _draw(module: ModuleType, name: str, results: "xr.Dataset", folder: Path) -> None:
    """Save a chapter's figure of an experiment, if it has one, as SVG and as PNG."""
    from dlbook.lab.store import write_atomically

    plot = getattr(module, f"plot_{name}", None)
    if plot is None:
        return
    figure = plot(results)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=DOTS_PER_INCH)
    write_atomically(folder / f"{name}.png", image.getvalue())
    write_atomically(folder / f"{name}.svg", figure.svg().encode())


def _judge(module: ModuleType, found: list["xr.Dataset"], options: Options) -> None:
    """Print the verdict on each claim of a chapter."""
    claims = getattr(module, "CLAIMS", ())
    if not claims:
        return
    say("\n[bold]What the notes say, what we measured[/bold]")
    if options.quick:
        say("[dim]A quick look is no test: the whole experiment decides (leave out --quick).")
    for claim in claims:
        _show_finding(claim, found, options.quick)


def _show_finding(claim: "Claim", found: list["xr.Dataset"], quick: bool) -> None:
    from dlbook.lab.claims import judge

    try:
        finding = judge([claim], *found)[0]
    except (LookupError, ValueError):
        if not quick:
            raise
        say(f"[dim]– {escape(claim.id)} needs levels that --quick leaves out.")
        return
    head, *evidence = str(finding).splitlines()
    say(f"[{VERDICT_STYLES[finding.verdict]}]{escape(head)}[/]")
    for line in evidence:
        say(escape(line))
