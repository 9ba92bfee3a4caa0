"""Notes of the support staff about a conversation. They lie in `ops`, apart from what its user is ever shown."""

from collections.abc import Iterator

from commercive_cli.domain.models import Note
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, Put

NOTES = "note#"
"""What the partitions of notes begin with, before the conversation's id."""


def note_put(note: Note) -> Put:
    """Return the write that stores a note."""
    place = {"pk": _partition(note.conversation_id), "sk": note.note_id}
    return Put(OPS, {**place, **note.item()}, when=Absent())


def read_notes(store: Store, conversation_id: str) -> Iterator[Note]:
    """Yield the notes about a conversation, oldest first."""
    return map(Note.of, query_items(store, notes_query(conversation_id)))


def notes_query(conversation_id: str) -> Query:
    """Return the query for the items that hold the notes about a conversation."""
    return Query(OPS, _partition(conversation_id))


def _partition(conversation_id: str) -> str:
    return f"{NOTES}{conversation_id}"
