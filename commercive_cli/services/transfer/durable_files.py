"""Files that exist only when they are complete and on disk, and that only their owner can read; errors about files."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Unavailable
from commercive_cli.domain.quoting import shortened

_LASTING_ERRORS = frozenset(
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
"""Errors of a path, for which a repetition does not help; other errors, as of a full disk, may be temporary."""


def write_durably(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file with `.part` appended to its name, and give it its own name once it is on disk.

    Raises OSError, with the name of the file, when it cannot be written, as when the disk is full.
    """
    if not path.name:  # as of an empty path, which is the directory at hand
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    unfinished = path.with_name(path.name + ".part")
    try:
        with open(unfinished, "wb", opener=_open_private) as file:
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(error.filename or unfinished)) from error


def sync_directory(directory: Path) -> None:
    """Return once the names of the files in a directory are on disk, too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """Yield a new file, which gets its name once it is complete and on disk; on an error, no file is left.

    Raises Conflict when the path exists, Invalid when it cannot be a file, Unavailable when the disk is full.
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
        raise _exists_error(path) from None
    except OSError as error:
        raise write_error(error, str(path), "no file was left there") from error


def write_error(error: OSError, path: str, advice: str) -> CommerciveError:
    """Return the error for a path that cannot be written: Invalid, or Unavailable with `advice` if it may pass."""
    name = shortened(path) if error.errno == errno.ENAMETOOLONG else path
    problem = f"{name}: {error.strerror or type(error).__name__}"
    if error.errno in _LASTING_ERRORS:
        return Invalid(f"{problem}; choose another path")
    return Unavailable(f"{problem}; {advice}")


def path_exists(path: Path) -> bool:
    """Return whether the path exists; raise Invalid when it is malformed or may not be read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise read_error(path, error) from None
    return True


def check_file(path: Path) -> None:
    """Raise Invalid for a pipe, a device or a socket, since reading one might never end."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise Invalid(f"{path} cannot be read: it is not a regular file")


def read_text(path: Path) -> str:
    """Return the text of a file; raise Invalid, naming it, when it cannot be read."""
    try:
        check_file(path)
        return decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise read_error(path, error) from None


def read_error(path: Path, error: OSError | ValueError) -> Invalid:
    """Return the error for a path that cannot be read; it names the path once."""
    return Invalid(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")


def _check_free(path: Path) -> None:
    try:
        path.lstat()
    except FileNotFoundError:
        return
    raise _exists_error(path)


def _exists_error(path: Path) -> Conflict:
    return Conflict(f"{path} exists; choose another name")


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
