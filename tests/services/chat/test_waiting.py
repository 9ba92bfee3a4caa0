"""The waiting queue: one page of its index and its items, however many conversations there are."""

from collections.abc import Callable

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.waiting_index import WAITING_INDEX, fill_waiting
from commercive_cli.store.items import Item
from commercive_cli.store.port import IndexNotReady, Query, Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.table_changes import DropIndex
from tests.services.fakes import START, Intervening, ManualClock

WAITING = ConversationFilter(sort="waiting")


def waiting_ids(chat: ChatService, wanted: ConversationFilter = WAITING, limit: int = 100) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = chat.list_conversations(wanted, limit=limit, cursor=cursor)
        found += [each.conversation_id for each in page.conversations]
        cursor = page.next_cursor
        if cursor is None:
            return found


def in_index(store: Store) -> list[str]:
    return [key["conversation_id"] for key in store.query(Query(CONVERSATIONS, "admin", WAITING_INDEX)).items]


def fill(store: Store, count: int, *, waiting: int) -> None:
    """Store `count` open conversations, of which the oldest wait."""

    def item(number: int) -> Item:
        at = START + number
        state = {"waiting_since": at, "waiting_for": "admin"} if number < waiting else {}
        made = {"conversation_id": uuid7(at, number), "created_at": at, "updated_at": at, "status": "open"}
        return {**made, "user_id": "u", "unread_admin": 0, "last_message_at": at, **state}

    store.batch_put(CONVERSATIONS, map(item, range(count)))


def test_the_queue_costs_the_same_however_many_conversations_there_are(
    store: Store, meddled: Intervening, clock: ManualClock
) -> None:
    """One request each for what was put off until now, for a page of keys and for its items: at any size."""
    calls: list[list[str]] = []
    for size in (1_000, 20_000):
        fill(store, size, waiting=30)
        meddled.calls.clear()
        page = ChatService(meddled, clock).list_conversations(WAITING, limit=20)
        calls.append(list(meddled.calls))
        assert 20 == len(page.conversations)

    assert [["query", "query", "batch_get"]] * 2 == calls


def test_who_is_answered_or_closed_leaves_the_queue(chat: ChatService, store: Store, clock: ManualClock) -> None:
    """The index holds exactly the open conversations whose user waits; reopening puts one back where it stood."""
    one, two, three = (_sent(chat, clock, f"u-{n}") for n in range(3))
    chat.reply(two, "admin-1", "Hi")
    chat.close(three, "admin-1")

    assert [one] == in_index(store) == waiting_ids(chat)
    chat.reopen(three, "admin-1")
    assert [one, three] == in_index(store) == waiting_ids(chat)
    chat.close(two, "admin-1")
    chat.reopen(two, "admin-1")
    assert [one, three] == in_index(store)
    clock.advance(1)
    chat.send("u-1", "one more thing", conversation_id=two)
    assert [one, three, two] == in_index(store) == waiting_ids(chat)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_miss_nobody_who_began_to_wait_at_the_same_time(chat: ChatService, store: Store, limit: int) -> None:
    """The index leaves equal times in any order; pages go by time and id."""
    ids = [uuid7(START + number % 2, number) for number in range(7)]
    for identifier in ids:
        at = START + 5 + ids.index(identifier) // 5
        made = {"conversation_id": identifier, "created_at": at, "updated_at": at, "status": "open", "user_id": "u"}
        store.batch_put(CONVERSATIONS, [{**made, "waiting_since": at, "waiting_for": "admin", "last_message_at": at}])

    assert sorted(ids[:5]) + sorted(ids[5:]) == waiting_ids(chat, limit=limit)


@pytest.mark.parametrize(
    "others",
    [ConversationFilter(sort="waiting", user_id="u-1"), ConversationFilter(sort="waiting", store_url="b.example")],
)
def test_the_queue_can_be_narrowed(chat: ChatService, others: ConversationFilter) -> None:
    """By user, by shop: as any other list."""
    chat.send("u-0", "Hello", store="a.example")
    mine = chat.send("u-1", "Hello", store="b.example").conversation_id

    assert [mine] == waiting_ids(chat, others, limit=1)


def test_without_its_index_the_queue_is_read_as_before(chat: ChatService, store: Store) -> None:
    """While an index is missing or being filled, the list is right and only slower."""
    ids = [chat.send(f"u-{n}", "Hello").conversation_id for n in range(3)]
    chat.reply(ids[1], "admin-1", "Hi")
    store.change_table(CONVERSATIONS, DropIndex(WAITING_INDEX))

    with pytest.raises(IndexNotReady, match="tables apply"):
        in_index(store)
    assert [ids[0], ids[2]] == waiting_ids(chat) == waiting_ids(chat, limit=1)


def test_filling_puts_in_who_waits_and_nobody_else(chat: ChatService, store: Store) -> None:
    """What was written before the index, or by another program, stands in it afterwards; again, nothing changes."""
    old = {"created_at": 5, "user_id": "u", "status": "open", "updated_at": 9}
    rows: list[Item] = [
        {**old, "conversation_id": "unread", "unread_admin": 2},
        {**old, "conversation_id": "read", "unread_admin": 0},
        {**old, "conversation_id": "waits", "last_message_at": 7, "waiting_since": 7},
        {**old, "conversation_id": "closed", "status": "closed", "waiting_since": 7},
        {**old, "conversation_id": "odd", "unread_admin": "two"},
        {**old, "conversation_id": "odd-shop", "last_message_at": 8, "waiting_since": 8, "store_url": 5},
    ]
    store.batch_put(CONVERSATIONS, rows)

    assert (3, 0) == (fill_waiting(store), fill_waiting(store))
    assert ["waits", "odd-shop", "unread"] == in_index(store) == waiting_ids(chat)


def test_filling_leaves_alone_what_changes_meanwhile(chat: ChatService, store: Store, meddled: Intervening) -> None:
    """Somebody who is answered while the index is filled does not come back into the queue."""
    row = {
        "conversation_id": "c",
        "created_at": 5,
        "user_id": "u",
        "status": "open",
        "updated_at": 9,
        "unread_admin": 1,
    }
    store.batch_put(CONVERSATIONS, [row])
    answer: Callable[[], object] = lambda: chat.reply("c", "admin-1", "Hi")  # noqa: E731 - said where it is used
    meddled.before("transact", answer)

    assert 0 == fill_waiting(meddled)
    assert [] == in_index(store)


def _sent(chat: ChatService, clock: ManualClock, user: str) -> str:
    clock.advance(1)
    return chat.send(user, "Hello").conversation_id
