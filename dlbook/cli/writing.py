"""``dlbook notebook`` and ``dlbook new``: the commands that write a file for a person."""

from pathlib import Path

from rich.markup import escape

from dlbook import contents
from dlbook.cli.console import say
from dlbook.cli.ending import WRONG_ARGUMENT, Failure


def write_notebook(name: str, out: Path, *, force: bool = False) -> None:
    """Write the notebook of a chapter: its text and its code, not yet run.

    Args:
        name: the chapter, as a person names it.
        out: folder for the notebook.
        force: whether to replace a file that is there.

    Raises:
        UnknownChapter: if there is no such chapter.
        Failure: if the file exists and `force` is not set.
        OSError: if the folder cannot be written.
    """
    chapter = contents.find(name)
    path = out / f"{chapter.name}.ipynb"
    if path.exists() and not force:
        raise Failure(f"{path} exists already. --force replaces it.")
    from dlbook.lab.store import write_atomically
    from dlbook.site import notebook

    sources = contents.PACKAGE.parent
    page = notebook.read_page(chapter.page_path)
    made = notebook.from_page(sources, chapter.address, *page)
    write_atomically(path, notebook.to_json(made).encode())
    say(f"Wrote {escape(str(path))}. Open it: jupyter lab {escape(str(path))}")


def start_chapter(address: str, title: str) -> None:
    """Start a chapter in the repository and say what to do next.

    Args:
        address: part and name, such as ``maths/entropy``.
        title: title for readers, or "" for one made from the name.

    Raises:
        Failure: if there is no repository, or no chapter may have that address.
        OSError: if the repository cannot be written.
    """
    from dlbook import new

    root = need_repository("new")
    try:
        written = new.start(root, address, title)
    except ValueError as error:
        raise Failure(str(error), WRONG_ARGUMENT) from error
    for path in written:
        say(f"  {escape(str(path.relative_to(root)))}")
    name = address.rpartition("/")[2]
    say(f"Now edit them. See the result: dlbook run {name}, then dlbook read")


def need_repository(command: str) -> Path:
    """The repository, for commands that an installed package cannot carry out.

    Args:
        command: name of the command, for the message.

    Returns:
        The root of the checkout.

    Raises:
        Failure: if dlbook runs from an installed wheel.
    """
    root = contents.root()
    if root is None:
        raise Failure(
            f"`dlbook {command}` works in a copy of the book's repository only: clone it and type "
            "`make read` there."
        )
    return root
