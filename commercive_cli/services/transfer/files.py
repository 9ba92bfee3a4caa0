"""Files that are there whole or not at all, whatever happens meanwhile, and for their owner's eyes only."""

import os
from collections.abc import Iterable
from pathlib import Path


def write_durably(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file under its name with `.part` behind it, and give it its own name once it is on disk.

    Raises OSError with the name of the file: the disk is full, the directory is gone.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with open(unfinished, "wb", opener=_private) as file:
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(error.filename or unfinished)) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
