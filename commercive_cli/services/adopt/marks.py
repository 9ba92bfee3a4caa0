"""Marks of adoption in `ops`: from which state there an item was made, and what was written of it.

They tell "changed there" and "changed here" apart, and what was deleted here from what never came. Each is written in
the transaction that writes its item, and holds nothing that differs from run to run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from commercive_cli.domain.ids import ENTROPY_BITS, uuid7
from commercive_cli.services.adopt.spool import digest
from commercive_cli.services.audit.states import state_of
from commercive_cli.services.records.audit_log import AuditEntry, audit_partition
from commercive_cli.store.items import Item, Key, encode_value, item_text
from commercive_cli.store.limits import LARGEST_KEY_NUMBER, PARTITION_KEY_BYTES
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS, Table
from commercive_cli.store.writes import (
    Absent,
    All,
    Check,
    Condition,
    Put,
    Update,
    Write,
    unchanged,
    wholly_unchanged,
)

_AT_ONCE = 100
_MARKS, _SORT = "adopted#", "-"


@dataclass(frozen=True)
class Mark:
    """What an adoption remembers of a subject: digests of the state there and of the item here, the rest of its key.

    `place` is what the key of the item holds beside the subject's id: its time, or the affiliate of a link.
    """

    kind: str
    subject: str
    source: str
    written: str
    place: int | str

    @property
    def key(self) -> Key:
        """Return where it lies."""
        return mark_key(self.kind, self.subject)

    def put(self, before: Item | None = None) -> Put:
        """Return the write that stores it, unless another one lies there than was read `before`."""
        when: Condition = Absent() if before is None else wholly_unchanged(OPS, before)
        state = {"source": self.source, "written": self.written, "place": self.place}
        return Put(OPS, {**self.key, **state}, when=when)


def is_mark(item: Item) -> bool:
    """Return whether an item of `ops` is a mark, of whatever state."""
    return str(item["pk"]).startswith(_MARKS)


def mark_key(kind: str, subject: str) -> Key:
    """Return the key of a subject's mark; ids are at most 1,000 bytes long here."""
    return {"pk": f"{_MARKS}{kind}#{subject}", "sk": _SORT}


def read_marks(store: Store, kind: str, subjects: Sequence[str]) -> dict[str, Item]:
    """Return the stored marks of these subjects."""
    found: dict[str, Item] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        keys = [mark_key(kind, each) for each in subjects[start : start + _AT_ONCE]]
        found |= {item["pk"].split("#", 2)[2]: item for item in store.batch_get(OPS, keys) if _is_whole(kind, item)}
    return found


def _is_whole(kind: str, mark: Item) -> bool:
    """Return whether a mark tells what it should: a damaged one is none."""
    digests, place = all(isinstance(mark.get(name), str) for name in ("source", "written")), mark.get("place")
    if kind == "link":
        return digests and isinstance(place, str) and 0 < len(place.encode()) <= PARTITION_KEY_BYTES
    return digests and type(place) is int and abs(place) <= LARGEST_KEY_NUMBER


def written(item: Item) -> str:
    """Return the digest of an item as it is stored."""
    return digest(item_text(item))


def change_of(table: Table, before: Item, after: Item) -> Write:
    """Return the write that makes one item of another, unless anything that was read of it, or is to be set, changed.

    What somebody adds to the item in the same moment stays.
    """
    differing = [n for n in after if n not in before or encode_value(before[n]) != encode_value(after[n])]
    as_read = All(wholly_unchanged(table, before), unchanged(before, *differing))
    removed = tuple(name for name in before if name not in after)
    if not (differing or removed):
        return Check(table, table.key_of(before), as_read)
    return Update(table, table.key_of(before), set={n: after[n] for n in differing}, remove=removed, when=as_read)


def state_row(kind: str, subject: str, actor: str, before: Item, after: Item, at: int) -> Put:
    """Return the audit row of an adoption: from the state `before`, which may be one there that cannot be here.

    It has the old time, and an id that follows from that and the subject.
    """
    entry = AuditEntry(kind, subject, "adopt", actor, state_of(kind, before), state_of(kind, after))
    return entry.row(at, partial(_row_id, kind, subject))


def _row_id(kind: str, subject: str, at: int) -> str:
    bits = sha256(audit_partition(kind, subject).encode()).digest()
    return uuid7(at, int.from_bytes(bits) >> (8 * len(bits) - ENTROPY_BITS))
