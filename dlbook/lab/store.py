"""Files that are never half-written: atomic writes, and a folder of finished work units."""

import os
from pathlib import Path


def write_atomically(path: str | Path, content: bytes) -> Path:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    Args:
        path: Where to write; its folder is made if it is missing.
        content: The bytes.

    Returns:
        The path.

    Raises:
        OSError: If the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
