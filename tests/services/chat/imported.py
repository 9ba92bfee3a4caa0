"""A conversation as the old system kept it: ids of another shape, and nothing told of the last message."""

from uuid import UUID

from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from tests.services.fakes import START

V4 = "7b3a4c9e-1d2f-4a5b-8c6d-0e1f2a3b4c5d"
MINUTE = 60_000


def v4(number: int) -> str:
    """Return a UUID of version 4; the ids of higher numbers sort first, and all before any UUIDv7 of our time."""
    return str(UUID(int=(0xFF - number) << 112 | 0x4 << 76 | 0b10 << 62))


def import_thread(store: Store, name: str = V4, *, count: int = 3, created_at: int = START) -> list[str]:
    """Store a conversation as the old system kept it, with messages a minute apart; return the message ids."""
    ids = [v4(number) for number in range(count)]
    conversation: Item = {
        "conversation_id": name,
        "created_at": created_at,
        "user_id": "user-1",
        "store_url": "old.example",
        "status": "open",
        "updated_at": START + (count - 1) * MINUTE,
        "last_message": f"old {count - 1}",
        "unread_admin": count,
        "unread_user": 0,
    }
    messages = [
        {
            "message_id": message_id,
            "conversation_id": name,
            "sender_type": "user",
            "sender_id": "user-1",
            "message_text": f"old {number}",
            "created_at": START + number * MINUTE,
            "is_read": False,
        }
        for number, message_id in enumerate(ids)
    ]
    store.batch_put(CONVERSATIONS, [conversation])
    store.batch_put(MESSAGES, messages)
    return ids
