"""Make the outputs of a notebook small and the same each time they are made."""

import base64
import io
import re
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image

from dlbook.site import figures

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
_SVG = "image/svg+xml"
_PNG = "image/png"


def tidy_outputs(notebook: NotebookNode, root: Path) -> None:
    """Clean the outputs of every code cell, in place.

    What was written to stderr goes (TensorFlow writes there whatever its log level), tracebacks
    shrink to the error itself, addresses in memory and folders of this machine go, and pictures
    are compressed without loss.

    Args:
        notebook: an executed notebook.
        root: the repository, whose place on this machine no output should tell.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kept = [output for output in cell.outputs if output.get("name") != "stderr"]
            cell.outputs = [_tidy(output, root) for output in _merged(kept)]


def compress_png(data: str) -> str:
    """A PNG with the same pixels in fewer bytes, if there is one.

    Args:
        data: the PNG as Base64.

    Returns:
        The smaller PNG as Base64, or `data` without its line breaks.
    """
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    buffer = io.BytesIO()
    _with_palette(picture).save(buffer, "PNG", optimize=True)
    smaller = base64.b64encode(buffer.getvalue()).decode()
    return min(smaller, "".join(data.split()), key=len)


def _with_palette(picture: Image.Image) -> Image.Image:
    """The picture with a palette, if it is opaque and has at most 256 colours."""
    opaque = picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)
    if not opaque or picture.convert("RGB").getcolors(256) is None:
        return picture
    return picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Printed text in one piece, however the kernel happened to send it."""
    merged: list[NotebookNode] = []
    for output in outputs:
        is_text = output.output_type == "stream"
        if is_text and merged and merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def _last_written(text: str) -> str:
    """What a terminal shows in the end where a line was written again and again."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _tidy(output: NotebookNode, root: Path) -> NotebookNode:
    if output.output_type == "stream":
        output.text = _anonymous(_last_written(output.text), root)
    elif output.output_type == "error":
        output.evalue = _anonymous(output.evalue, root)
        output.traceback = [f"{output.ename}: {output.evalue}"]
    else:
        for kind, value in output.data.items():
            output.data[kind] = _tidy_data(kind, value, root)
    return output


def _tidy_data(kind: str, value: object, root: Path) -> object:
    if not isinstance(value, str):
        return value
    if kind == _PNG:
        return compress_png(value)
    return figures.shrink(value, compress_png) if kind == _SVG else _anonymous(value, root)


def _anonymous(text: str, root: Path) -> str:
    return _ADDRESS.sub("", text).replace(f"{root}/", "").replace(str(Path.home()), "~")
