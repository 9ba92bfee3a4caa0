"""The checksum that a backup carries behind its last page, where SQLite does not look: one wrong bit is found."""

import hashlib
from pathlib import Path
from typing import IO

from commercive_cli.domain.errors import Conflict
from commercive_cli.domain.quoting import shortened

_WORDS = b"\ncommercive backup, sha256 "
_DIGEST_DIGITS = 64
_SEAL_BYTES = len(_WORDS) + _DIGEST_DIGITS + 1
_AT_ONCE = 1024 * 1024


def named(path: Path) -> Path:
    """Return the path to show of a backup, whose name may be of any length."""
    return path.with_name(shortened(path.name))


def seal(path: Path) -> None:
    """Add the checksum of a finished file to its end."""
    with path.open("r+b") as file:
        file.write(_seal_of(file, path.stat().st_size))


def check_seal(path: Path) -> bool:
    """Return whether a file carries a checksum; raise Conflict when it is not as it was, or shorter than it says.

    Backups of earlier versions, and copies of a store, carry none.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        pages = _bytes_of_pages(file.read(100))
        if size < pages or 0 < pages < size < pages + _SEAL_BYTES:
            whole = pages + _SEAL_BYTES
            raise Conflict(f"{named(path)} is cut short: {size:,} of {whole:,} bytes; choose another backup")
        file.seek(max(size - _SEAL_BYTES, 0))
        found = file.read()
        if not (found.startswith(_WORDS) or size == pages + _SEAL_BYTES):
            return False
        file.seek(0)
        if found != _seal_of(file, size - _SEAL_BYTES):
            raise Conflict(f"{named(path)} is damaged: its checksum is another; choose another backup")
    return True


def _bytes_of_pages(header: bytes) -> int:
    """Return how long the header says that the file is; 0 when it says nothing, as after a write of old programs."""
    if len(header) < 100 or header[24:28] != header[92:96]:
        return 0
    page = int.from_bytes(header[16:18], "big")
    return (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big")


def _seal_of(file: IO[bytes], size: int) -> bytes:
    digest = hashlib.sha256()
    while size and (block := file.read(min(size, _AT_ONCE))):
        digest.update(block)
        size -= len(block)
    return _WORDS + digest.hexdigest().encode() + b"\n"
