"""Marking read up to the last message that was seen: what came later stays unread, and is counted as unread."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.books import errors_in, everything, rows
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import Intervening, ManualClock


@pytest.fixture(params=ENGINES)
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


def thread(chat: ChatService, count: int) -> tuple[str, list[str]]:
    """Begin a conversation of that many messages of its user; return its id and theirs."""
    first = chat.send("user-1", "0")
    name = first.conversation_id
    return name, [first.message_id] + [
        chat.send("user-1", str(number), conversation_id=name).message_id for number in range(1, count)
    ]


def unread(chat: ChatService, name: str) -> list[str]:
    return [message.message_text for message in chat.messages(name).messages if not message.is_read]


def test_what_came_after_the_last_one_seen_stays_unread(either: Store) -> None:
    """Of five messages, of which three were seen, three are marked, then one more, then none; both stores alike."""
    chat = ChatService(either)
    name, ids = thread(chat, 5)

    assert [3, 1, 0, 0] == [chat.mark_read(name, "admin", up_to=ids[seen]).marked for seen in (2, 3, 3, 0)]
    assert ["4"] == unread(chat, name)
    assert 1 == chat.conversation(name).unread_admin
    assert [] == errors_in(either)


def test_a_hundred_of_two_hundred(either: Store) -> None:
    """Also where it takes several transactions, with a key and without; the answer counts them all."""
    chat = ChatService(either)
    name, ids = thread(chat, 210)

    assert 100 == chat.mark_read(name, "admin", up_to=ids[99]).marked
    assert 100 == chat.mark_read(name, "admin", up_to=ids[199], actor="ann", key="k").marked
    assert 10 == chat.conversation(name).unread_admin
    assert [] == errors_in(either)


@pytest.mark.parametrize("up_to", ["no-such", "ffffffff-ffff-7fff-bfff-ffffffffffff", "another's"])
@pytest.mark.parametrize("imported", [False, True])
def test_an_id_that_is_none_marks_nothing(chat: ChatService, store: Store, up_to: str, imported: bool) -> None:
    """What is no message of the conversation was not seen in it: it is not found, and nothing is marked."""
    name, _ = thread(chat, 2)
    if imported:
        import_thread(store)
        name = V4
    known = thread(chat, 1)[1][0] if up_to == "another's" else up_to
    before = everything(store)

    with pytest.raises(NotFound, match="there is no message"):
        chat.mark_read(name, "admin", up_to=known)
    assert before == everything(store)
    with pytest.raises(Invalid, match="up_to"):
        chat.mark_read(name, "admin", up_to="")


@pytest.mark.parametrize("counted", [3, 2, 1, 0])
@pytest.mark.parametrize("seen", [0, 1, 2])
def test_an_imported_conversation_goes_by_its_counter(chat: ChatService, store: Store, counted: int, seen: int) -> None:
    """There flags say nothing about what was read: of three messages, the newest so many are unread."""
    ids = import_thread(store)
    [item] = rows(store, CONVERSATIONS)
    store.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(item), set={"unread_admin": counted}))
    behind = min(2 - seen, counted)

    assert counted - behind == chat.mark_read(V4, "admin", up_to=ids[seen]).marked
    assert behind == chat.conversation(V4).unread_admin
    assert ids[3 - counted : seen + 1] == [each.message_id for each in chat.messages(V4).messages if each.is_read]
    assert [] == errors_in(store)


def test_a_message_that_arrives_meanwhile_stays_unread(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """The last message was seen when the next one comes in: that one is counted, and unread."""
    name, ids = thread(chat, 2)
    for call in ("get", "query", "transact"):
        meddled.before(call, lambda: chat.send("user-1", "late", conversation_id=name))

    assert 2 == ChatService(meddled, clock).mark_read(name, "admin", up_to=ids[-1]).marked
    assert ["late"] * 3 == unread(chat, name)
    assert [] == errors_in(store)


def test_whoever_looks_while_others_write_marks_what_was_seen_alone(either: Store) -> None:
    """Readers mark up to what they saw while the user writes on, from many threads: every counter stays exact."""
    chat = ChatService(either)
    name, ids = thread(chat, 1)
    seen = list(ids)

    def write(number: int) -> None:
        chat.send("user-1", str(number), conversation_id=name)

    def look(number: int) -> None:
        shown = [message.message_id for message in chat.messages(name).messages]
        last = random.Random(number).choice(shown[: len(shown) // 2 + 1])
        seen.append(last)
        first, again = (chat.mark_read(name, "admin", up_to=last, actor="ann", key=f"key-{number}") for _ in range(2))
        assert first == again

    works = [(write, look)[number % 2] for number in range(80)]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number, work in enumerate(works)]:
            done.result()
    still = [row["message_id"] for row in rows(either, MESSAGES) if not row["is_read"]]

    assert 41 == len(rows(either, MESSAGES))
    assert [] == errors_in(either)
    assert [] == [message_id for message_id in still if message_id <= ids[0]]
    assert max(seen) < max(still)
    assert all(row["message_id"] <= max(seen) for row in rows(either, MESSAGES) if row["is_read"])
