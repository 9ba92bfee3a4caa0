"""Whether the log (`-wal`) beside a file is the file's own: SQLite replays any log of the right name into any file.

Every transaction leaves a random stamp in the header of the file, as its user_version, and the stamp before as its
application_id. So each transaction in the log has the first page, where the header is, and says what it follows. A log
belongs to a file whose stamp the first transaction of the log follows, or that one of the log's transactions left.

Source: SQLite documentation, "Database File Format", sections 1.3, 4.1 and 4.2.
"""

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

Stamp = bytes
_STAMP_BYTES = 4
_LOG_HEADER = 32
_FRAME_HEADER = 24
_SMALLEST_PAGE, _LARGEST_PAGE = 512, 65_536
_FIRST_PAGE = (1).to_bytes(4, "big")
_BIG_ENDIAN_SUMS = b"\x83"
"""The last byte of the log's magic number where its checksums are over big-endian words."""


def leave_stamp(connection: sqlite3.Connection) -> Stamp:
    """Put a new stamp into the file, as a part of the transaction that is open, and return it."""
    before = int.from_bytes(stamp_seen(connection), "big", signed=True)
    new = os.urandom(_STAMP_BYTES)
    connection.execute(f"PRAGMA application_id = {before}")
    connection.execute(f"PRAGMA user_version = {int.from_bytes(new, 'big', signed=True)}")
    return new


def stamp_seen(connection: sqlite3.Connection) -> Stamp:
    """Return the last stamp, as a connection sees it through the log."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number).to_bytes(_STAMP_BYTES, "big", signed=True)


def log_of(path: Path) -> Path:
    """Return the path of the log, which is beside the file itself when `path` is a link."""
    return Path(f"{os.path.realpath(path)}-wal")


def log_mark(path: Path) -> bytes:
    """Return what is different for every new beginning of the log; nothing when there is no log."""
    try:
        with log_of(path).open("rb", buffering=0) as log:
            return log.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""


def log_belongs(path: Path, seen: Stamp | None = None) -> bool:
    """Return whether the log, if there is one, is the file's own, and has left the stamp that a connection has `seen`.

    Others may write meanwhile: what does not fit is read again until both the file's stamp and the log's beginning stay
    the same, as a log that begins anew while it is read shows a part of its transactions.
    """
    before = None
    while (now := (stamp_held(path), log_mark(path))) != before:
        held = now[0]
        if _leaves(_stamps_in(log_of(path)), held, held if seen is None else seen):
            return True
        before = now
    return False


def _leaves(stamps: Iterator[Stamp], held: Stamp, seen: Stamp) -> bool:
    """Return whether both are among the stamps of a log, or the same where a log has none."""
    missing, some = {held, seen}, False
    for stamp in stamps:
        missing.discard(stamp)
        if not missing:
            return True
        some = True
    return held == seen and not some


def log_follows(path: Path, last: Stamp | None) -> bool:
    """Return whether the log says that it follows or holds the stamp `last`, known to be one of the file's."""
    return any(stamp == last for stamp in _stamps_in(log_of(path)))


def stamp_held(path: Path) -> Stamp:
    """Return the stamp in the file itself.

    Not read from a file of Python's: closing one would end the locks that SQLite has for this process. While somebody
    brings the log's pages into the file, the first one can speak of pages that are not there yet: no damage, so SQLite
    is told not to look (`lockBtree` in btree.c).
    """
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        return stamp_seen(connection)


def _stamps_in(path: Path) -> Iterator[Stamp]:
    """Yield the stamps that each transaction of a log follows and leaves, up to where SQLite would read it."""
    try:
        log = path.open("rb", buffering=0)
    except FileNotFoundError:
        return
    with log:
        header = log.read(_LOG_HEADER)
        size, salt, place = int.from_bytes(header[8:12], "big"), header[16:24], _LOG_HEADER
        if len(header) < _LOG_HEADER or not _SMALLEST_PAGE <= size <= _LARGEST_PAGE:
            return  # no log: SQLite does not read it either
        words = ">" if header[3:4] == _BIG_ENDIAN_SUMS else "<"
        sums = _summed((0, 0), header[:24], words)
        while len(frame := os.pread(log.fileno(), _FRAME_HEADER + size, place)) == _FRAME_HEADER + size:
            sums = _summed(sums, frame[:8] + frame[_FRAME_HEADER:], words)
            if frame[8:16] != salt or struct.unpack(">II", frame[16:24]) != sums:
                return  # left of an earlier log, or being written: a frame's page comes behind its header
            if frame[:4] == _FIRST_PAGE:
                page = frame[_FRAME_HEADER:]
                yield page[68:72]
                yield page[60:64]
            place += _FRAME_HEADER + size


def _summed(sums: tuple[int, int], content: bytes, words: str) -> tuple[int, int]:
    """Return the checksums of a log that had `sums` before this content (section 4.2)."""
    first, second = sums
    numbers = iter(struct.unpack(f"{words}{len(content) // 4}I", content))
    for odd, even in zip(numbers, numbers, strict=True):
        first = (first + odd + second) & 0xFFFFFFFF
        second = (second + even + first) & 0xFFFFFFFF
    return first, second
