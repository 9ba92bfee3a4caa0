"""The port through which the tables of the backend before this one are read: their own names and keys, never a write.

It lies here, and not beside its user (`services.adopt`), because engines may not import services.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from commercive_cli.store.items import Item


@dataclass(frozen=True)
class LegacyTable:
    """A table as it is in the source, whosever it is: `name` is its whole name, such as "commercive_leads".

    `key` are the attributes of its key with their types (S, N, B), partition first; None where the source does not
    tell, as an export does not. `items` is about how many it holds, None when unknown; a live table's is hours old.
    """

    name: str
    key: tuple[tuple[str, str], ...] | None
    items: int | None


class LegacySource(Protocol):
    """Tables to read once, page by page. There is no method that writes, and none that could be made to.

    How it reads is settled when it is made: how fast (`--read-units` a second), and strongly consistent or not.
    Any method raises Unavailable when it cannot be read in time, Unauthenticated or Denied when the caller is
    refused, Misconfigured when region or endpoint are wrong.
    """

    @property
    def place(self) -> str:
        """Return the name of the place, spelled like the `target` of a store that is opened there.

        For live tables "REGION-OR-ENDPOINT prefix P", exactly as `Store.target`; for an export its resolved directory.
        Shown to people, without credentials, and compared with the target: a source is not adopted into itself.
        """
        ...

    @property
    def live(self) -> bool:
        """Whether others may be writing to the tables while they are read."""
        ...

    @property
    def prefix(self) -> str:
        """Return what the name of every table in it starts with; an export's is that of its tables."""
        ...

    def tables(self) -> Sequence[LegacyTable]:
        """Return every table whose name starts with the prefix, ours and others', sorted by name; [] for none.

        Raises Invalid when what is there cannot be read, such as an incremental export.
        """
        ...

    def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
        """Yield all items of a table once, in no promised order, in pages of at most about 1 MB.

        Items are as `store.items.decode_item` makes them. Pages may be empty. Iteration ends normally only when all
        was read and was what the source says it is: an export raises Invalid when a file is missing, damaged or not
        the one its manifest names, at the latest after the file's last page. Nothing is written before that.
        """
        ...

    def close(self) -> None:
        """Close connections."""
        ...
