"""The commands and their options; what each does is in the module beside it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import dlbook
from dlbook.cli.ending import passed_on


class BookGroup(TyperGroup):
    """The commands in the order in which a reader meets them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands, in the order of this file."""
        return list(self.commands)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the arguments; ``--version`` prints here."""
        with passed_on():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run one command."""
        with passed_on():
            return super().invoke(ctx)


app = typer.Typer(
    cls=BookGroup,
    name="dlbook",
    help="The deep learning textbook that runs: read it, run its experiments, import its parts.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ChapterName = Annotated[
    str, typer.Argument(metavar="CHAPTER", help="As `dlbook list` names it: softmax, maths/softmax")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dlbook {dlbook.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Show what there is when no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the parts and chapters in reading order."""
    from dlbook.cli.listing import list_chapters

    list_chapters(as_json=as_json)


@app.command()
def run(
    chapter: ChapterName,
    quick: Annotated[
        bool, typer.Option("--quick", help="The outermost levels and three seeds: a first look.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The levels and seeds of the recorded run.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Repeat each condition this many times.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for results and figures.", show_default="dlbook-results"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask cluster, such as tcp://host:8786.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder that keeps finished work, to go on after a stop.")
    ] = None,
    content: Annotated[
        Path | None, typer.Option(help="style_transfer only: a picture of your own to repaint.")
    ] = None,
    style: Annotated[
        Path | None, typer.Option(help="style_transfer only: the picture whose manner it takes.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="style_transfer only: longer side in pixels.", show_default="256"),
    ] = None,
) -> None:
    """Run a chapter's experiments: table, verdicts on the claims, figures, results."""
    from dlbook.cli.restyling import Pictures
    from dlbook.cli.running import Options, run_chapter

    options = Options(quick, full, seeds, workers, scheduler, store)
    run_chapter(chapter, out, options, Pictures(content, style, size))


@app.command()
def notebook(
    chapter: ChapterName,
    out: Annotated[Path, typer.Option(help="Folder for the notebook.")] = Path(),
    force: Force = False,
) -> None:
    """Write a chapter as a notebook that runs."""
    from dlbook.cli.writing import write_notebook

    write_notebook(chapter, out, force=force)


@app.command()
def read(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port on this computer.", show_default=True)
    ] = 8000,
) -> None:
    """Build the book if it is not built, and show it at localhost."""
    from dlbook.cli.reading import read_book

    read_book(port)


@app.command()
def build(
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Chapters that run at the same time.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run every chapter again.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which executed notebooks are stale.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Also make a zip that opens without a server.")
    ] = False,
) -> None:
    """Run what has changed and build the site into site/."""
    from dlbook.cli.reading import build_book, check_book

    if check:
        check_book()
    else:
        build_book(jobs, force=force, offline=offline)


@app.command()
def data() -> None:
    """List the data sets: where from, how large, under which licence, present or not."""
    from dlbook.cli.listing import list_data

    list_data()


@app.command()
def claims(as_json: AsJson = False) -> None:
    """List every claim that the book has tested, with its verdict."""
    from dlbook.cli.listing import list_claims

    list_claims(as_json=as_json)


@app.command()
def new(
    address: Annotated[str, typer.Argument(metavar="PART/CHAPTER", help="maths/entropy")],
    title: Annotated[str, typer.Option(help="Title of the chapter, for readers.")] = "",
) -> None:
    """Start a chapter: page, module and test file, and its line in the nav."""
    from dlbook.cli.writing import start_chapter

    start_chapter(address, title)
