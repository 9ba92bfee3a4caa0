"""Reads small files whole: config files, canned replies, and texts to send."""

from pathlib import Path

from commercive_cli.domain.errors import Invalid

LARGEST = 1_000_000
"""Bytes of such a file."""


def read_whole(path: Path) -> bytes:
    """Return what a file holds; raise Invalid when it is too large, as a device is, which has no end.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid(f"{path} is not read: it is larger than {LARGEST:,} bytes")
    return content
