"""A store in which everything has happened once, for whoever damages or audits it."""

from dataclasses import dataclass

from commercive_cli.domain.ids import new_id
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table
from commercive_cli.store.writes import Delete, Put, Update
from tests.services.fakes import Codes, ManualClock
from tests.services.raw_data import rows

FORM = {"name": "Jane", "email": "jane@example.com"}
LEGACY = "legacy/42"


@dataclass(frozen=True)
class World:
    """A store in which everything there is has happened once, and the names of it all."""

    store: Store
    open: str
    closed: str
    answered: str
    pending: str
    approved: str
    rejected: str
    codes: tuple[str, str, str]
    keyed_message: str

    def change(self, table: Table, name: str, *, remove: tuple[str, ...] = (), **attributes: object) -> None:
        """Change attributes behind the services' back."""
        key = {part: self.row(table, name)[part] for part in table.key_names}
        self.store.transact(Update(table, key, set=attributes, remove=remove))

    def drop(self, table: Table, name: str) -> None:
        """Delete an item behind the services' back."""
        self.store.transact(Delete(table, {part: self.row(table, name)[part] for part in table.key_names}))

    def drop_messages(self, conversation: str) -> None:
        """Delete all messages of a conversation behind the services' back."""
        for row in rows(self.store, MESSAGES):
            if row["conversation_id"] == conversation:
                self.drop(MESSAGES, row["message_id"])

    def drop_link_but_no_lead(self, code: str) -> None:
        """Delete a link behind the services' back, as if its lead had come through the second one."""
        self.drop(AFFILIATE_LINKS, code)
        self.change(LEADS, self.pending, link_id=self.codes[1])

    def drop_at(self, table: Table, key: Key) -> None:
        assert self.store.get(table, key) is not None
        self.store.transact(Delete(table, key))

    def row(self, table: Table, name: str) -> Item:
        """Return the one item with this name as its first or second key attribute."""
        (found,) = [row for row in rows(self.store, table) if name in [row[part] for part in table.key_names]]
        return found

    def last_message(self, conversation: str) -> str:
        return str(self.row(CONVERSATIONS, conversation)["last_message_id"])

    def write_message(self, conversation: str, at: int, sender: str = "user", **attributes: object) -> None:
        """Store a message without telling its conversation."""
        message = {
            "conversation_id": conversation,
            "message_id": new_id(at),
            "sender_type": sender,
            "sender_id": "user-1",
            "message_text": "smuggled",
            "created_at": at,
            "is_read": True,
        }
        self.store.transact(Put(MESSAGES, message | attributes))


def made(store: Store, clock: ManualClock) -> World:
    chat, leads = ChatService(store, clock), LeadService(store, clock)
    affiliates = AffiliateService(store, clock, Codes("AAAA0000", "BBBB0000", "CCCC0000"))
    one = affiliates.create_link("aff-1", "a@example.com", "a.example").link_id
    two = affiliates.create_link("aff-1", "a@example.com", "b.example").link_id
    three = affiliates.create_link("aff-2", "b@example.com", "a.example").link_id
    opened = chat.send("user-1", "Hello").conversation_id
    keyed = chat.send("user-1", "again", conversation_id=opened, key="message-key").message_id
    answered = chat.send("user-2", "Hello").conversation_id
    chat.reply(answered, "admin-1", "Hi")
    closed = chat.send("user-3", "Hello").conversation_id
    chat.reply(closed, "admin-1", "Bye", close=True)
    reopened = chat.send("user-3", "Hello").conversation_id
    chat.close(reopened, "admin-1")
    chat.reopen(reopened, "admin-1")
    chat.mark_read(reopened, "admin")
    pending = leads.submit(one, FORM).lead_id
    approved = leads.submit(two, FORM).lead_id
    leads.decide(approved, "approved", "admin-1", commission="12.34")
    rejected = leads.submit(three, FORM, key="lead-key").lead_id
    leads.decide(rejected, "rejected", "admin-1")
    import_conversation(store)
    clock.advance(60_000)
    return World(store, opened, closed, answered, pending, approved, rejected, (one, two, three), keyed)


def import_conversation(store: Store) -> None:
    """Store a conversation as the old system kept it, which is nothing to complain about."""
    conversation = {"conversation_id": LEGACY, "created_at": 5, "user_id": "user-9", "status": "open", "updated_at": 9}
    messages = [
        {
            "conversation_id": LEGACY,
            "message_id": f"m{9 - number}",
            "sender_type": "user",
            "sender_id": "user-9",
            "message_text": "old",
            "created_at": number,
            "is_read": False,
        }
        for number in range(3)
    ]
    store.batch_put(CONVERSATIONS, [conversation | {"unread_admin": 3, "unread_user": 0}])
    store.batch_put(MESSAGES, messages)
