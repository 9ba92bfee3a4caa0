"""Files that are there whole or not at all, whatever happens meanwhile, and for their owner's eyes only."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Unavailable

_LASTING = frozenset(
    (
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    )
)
"""What is wrong with a path stays wrong; what is wrong with a disk may pass."""


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


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """Lend a new file, which gets its name once it is whole and on disk; nothing is left of one that failed.

    Raises Conflict when something has the name, Invalid when no file can have it, Unavailable when the disk is full.
    """
    try:
        _check_free(path)
        descriptor, unfinished = tempfile.mkstemp(".part", ".commercive-", path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            path.hardlink_to(unfinished)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise refusal(error, str(path), "nothing was left there") from error


def refusal(error: OSError, path: str, otherwise: str) -> CommerciveError:
    """Return what to say when a path cannot be written: Invalid where a repetition does not help."""
    problem = f"{path}: {error.strerror or error}"
    if error.errno in _LASTING:
        return Invalid(f"{problem}; choose another place")
    return Unavailable(f"{problem}; {otherwise}")


def is_there(path: Path) -> bool:
    """Return whether something is at the path; raise Invalid when there can be nothing, or nobody may know."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(path, error) from None
    return True


def check_file(path: Path) -> None:
    """Raise Invalid for a pipe, a device or a socket: whoever reads one may wait for ever."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise Invalid(f"{path} cannot be read: it is no regular file")


def read_text(path: Path) -> str:
    """Return the text of a file; raise Invalid, naming it, when it cannot be read."""
    try:
        check_file(path)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError | ValueError) -> Invalid:
    """Return what to say when a path cannot be read, naming it once."""
    return Invalid(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")


def _check_free(path: Path) -> None:
    try:
        path.lstat()
    except FileNotFoundError:
        return
    raise _taken(path)


def _taken(path: Path) -> Conflict:
    return Conflict(f"{path} exists; choose another name")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
