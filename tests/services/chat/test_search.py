"""Searches of messages: what is found, in which order and with which place, and what a search says it will read."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.answers.search import Hit
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import uuid7
from commercive_cli.services.chat import search as module
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.search import MOST_COUNTED, SearchFilter, SearchService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import START, Intervening, ManualClock

HOUR = 3_600_000


class SmallPages(Intervening):
    """A store whose pages hold one item, so that a search is between two pages at every hit."""

    def query(self, query: Query) -> Page:
        return super().query(replace(query, limit=1))


def found(store: Store, clock: ManualClock, words: str, **more: object) -> list[Hit]:
    return list(SearchService(store, clock).search(SearchFilter(words, **more)))  # type: ignore[arg-type]  # by name


def texts(store: Store, clock: ManualClock, words: str, **more: object) -> list[str]:
    return [hit.message_text for hit in found(store, clock, words, **more)]


def talk(store: Store, clock: ManualClock, *turns: str, user: str = "u-1") -> str:
    """Start a conversation; turns of the admin begin with `> `."""
    chat = ChatService(store, clock)
    name = chat.send(user, turns[0], store="shop.example").conversation_id
    for turn in turns[1:]:
        clock.advance(1_000)
        if turn.startswith("> "):
            chat.reply(name, "jonas", turn[2:])
        else:
            chat.send(user, turn, conversation_id=name)
    return name


def test_hits_come_newest_conversation_first_with_their_place(either: Store, clock: ManualClock) -> None:
    """Each says which turn of how many it is; within a conversation the oldest is first."""
    first = talk(either, clock, "Where is it?", "> In customs", "CUSTOMS again?!")
    clock.advance(HOUR)
    second = talk(either, clock, "customs form please", "> Here")
    hits = [(hit.conversation_id, hit.turn, hit.turns, hit.sender_type) for hit in found(either, clock, "Customs")]

    assert [(second, 1, 2, "user"), (first, 2, 3, "admin"), (first, 3, 3, "user")] == hits


def test_notes_are_looked_into_when_that_is_asked_for(either: Store, clock: ManualClock) -> None:
    """In their places among the turns, with their authors; of the time that was asked for, and by no side's name."""
    desk = DeskService(ChatService(either, clock))
    name, other = (talk(either, clock, "Where is it?", "> At customs", user=user) for user in ("u-1", "u-2"))
    desk.note(name, "mira", "Stuck in customs")
    since = clock.now
    desk.note(name, "jonas", "Customs has let it go")
    desk.chat.send("u-1", "Thanks", conversation_id=name)
    with_notes = found(either, clock, "customs", notes=True)

    assert ["At customs"] * 2 == texts(either, clock, "customs")
    assert [
        (name, "admin", "jonas", 2, 5),
        (name, "note", "mira", 3, 5),
        (name, "note", "jonas", 4, 5),
        (other, "admin", "jonas", 2, 2),
    ] == [(hit.conversation_id, hit.sender_type, hit.sender_id, hit.turn, hit.turns) for hit in with_notes]
    assert ["Customs has let it go"] == texts(either, clock, "customs", notes=True, since=since)
    assert [] == texts(either, clock, "stuck", notes=False)
    with pytest.raises(Invalid, match="neither side"):
        SearchFilter("customs", sender="admin", notes=True)


def test_the_cost_holds_the_notes(either: Store, clock: ManualClock) -> None:
    """One more query for each conversation, which is told before."""
    for _ in range(2):
        talk(either, clock, "Where is it?")
    without, cost = (SearchService(either, clock).cost(SearchFilter("x", notes=notes)) for notes in (False, True))

    assert cost.milliseconds >= without.milliseconds
    assert (without.usd is None) == (cost.usd is None)
    assert without.usd is None or cost.usd == 2 * without.usd
    assert (False, True) == (without.notes, cost.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Grüße aus Köln", "GRÜSSE"),
        ("Cafe\u0301 in Paris", "caf\u00e9"),
        ("Caf\u00e9 in Paris", "CAFE\u0301"),
        ("\uff46\uff55\uff4c\uff4c\u3000\uff57ide", "FULL WIDE"),
        ("注文1001がまだ", "1001が"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
        ("50 % off [bold]", "% off [b"),
        ("It's 100%_sure", "0%_s"),
        ("  around  ", " around "),
    ],
)
def test_case_and_composition_do_not_matter(either: Store, clock: ManualClock, text: str, words: str) -> None:
    """However a keyboard composes letters, the same word is found; no sign has a meaning of its own."""
    talk(either, clock, text)

    assert 1 == len(found(either, clock, words))


def test_other_words_are_not_found(either: Store, clock: ManualClock) -> None:
    """An accent tells letters apart, and words have to stand together."""
    talk(either, clock, "Caf\u00e9 in Paris")

    assert [] == found(either, clock, "cafe") + found(either, clock, "Paris in")


def test_since_from_and_status_narrow_the_search(either: Store, clock: ManualClock) -> None:
    """`since` is inclusive, and the place is still that in the whole conversation."""
    name = talk(either, clock, "tea 1", "> tea 2", "tea 3")
    times = [message.created_at for message in ChatService(either, clock).messages(name).messages]
    ChatService(either, clock).close(talk(either, clock, "tea 4"), "jonas")

    assert ["tea 4", "tea 3"] == texts(either, clock, "tea", since=times[2])
    assert ["tea 3"] == texts(either, clock, "tea", since=times[2], status="open")
    assert ["tea 2"] == texts(either, clock, "tea", sender="admin")
    assert ["tea 1", "tea 3"] == texts(either, clock, "tea", sender="user", status="open")
    assert (3, 3) == next((hit.turn, hit.turns) for hit in found(either, clock, "tea 3", since=times[2]))
    assert [] == texts(either, clock, "tea", since=clock.now + 1)


def test_imported_conversations_are_searched_in_order_of_time(either: Store, clock: ManualClock) -> None:
    """Their message ids are in another order, their turns are not."""
    import_thread(either, V4, count=3)

    assert [("old 0", 1, 3), ("old 1", 2, 3), ("old 2", 3, 3)] == [
        (hit.message_text, hit.turn, hit.turns) for hit in found(either, clock, "OLD")
    ]


def test_what_changes_meanwhile_is_not_missed(store: Store, clock: ManualClock) -> None:
    """A message to an unread conversation moves it to where the search was before; it is looked at in the end, once."""
    old = talk(store, clock, "tea: old")
    clock.advance(HOUR)
    talk(store, clock, "tea: new", user="u-2")
    chat = ChatService(store, clock)
    hits = SearchService(SmallPages(store), clock).search(SearchFilter("tea:", status="open"))
    seen = [next(hits).message_text]
    chat.close(old, "jonas")
    chat.reopen(old, "jonas")
    seen += [hit.message_text for hit in hits]

    assert sorted(["tea: new", "tea: old"]) == sorted(seen)


def test_a_hit_comes_before_the_next_conversation_is_read(store: Store, clock: ManualClock) -> None:
    """Whoever finds what they look for need not wait for the end."""
    for number in range(5):
        talk(store, clock, "tea", user=f"u-{number}")
    asked = Intervening(store)
    next(SearchService(asked, clock).search(SearchFilter("tea")))

    assert ["query", "query", "query"] == asked.calls  # a page of either status, and the messages of one conversation


@pytest.mark.parametrize("status", ["all", "open"])
def test_a_search_says_what_it_will_read(either: Store, clock: ManualClock, status: str) -> None:
    """Conversations and messages, the time, and on DynamoDB the money; messages of some conversations by the mean."""
    talk(either, clock, "a", "b", "c", "> d")
    ChatService(either, clock).close(talk(either, clock, "e", "f"), "jonas")
    cost = SearchService(either, clock).cost(SearchFilter("x", status=status))

    assert {"all": (2, 6), "open": (1, 3)}[status] == (cost.conversations, cost.messages)
    assert cost.usd in ((None,) if either.prefix == "commercive_" else (Decimal(cost.conversations) / 8_000_000,))
    assert not cost.more


def test_the_count_before_a_search_ends_somewhere(store: Store, clock: ManualClock) -> None:
    """Of very many conversations it says that there are more; to count them all would be a search of its own."""
    items = (
        {"conversation_id": uuid7(at, at), "created_at": at, "updated_at": at, "status": "open", "user_id": "u"}
        for at in range(START, START + MOST_COUNTED + 1)
    )
    store.batch_put(CONVERSATIONS, items)
    service = SearchService(store, clock)

    counted = service.cost(SearchFilter("x", since=1))

    assert (MOST_COUNTED, True) == (counted.conversations, counted.more)
    assert MOST_COUNTED + 1 == service.cost(SearchFilter("x")).conversations


@pytest.mark.parametrize(
    "wrong", [{"words": " "}, {"words": "x" * 10_001}, {"words": "x", "sender": "ai"}, {"words": "x", "status": "opn"}]
)
def test_a_search_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """An empty text would find every message."""
    with pytest.raises(Invalid):
        SearchFilter(**wrong)


def test_damaged_messages_are_no_obstacle(store: Store, clock: ManualClock) -> None:
    """One without a text is a turn, and holds nothing."""
    name = talk(store, clock, "tea")
    store.batch_put(MESSAGES, [{"conversation_id": name, "message_id": uuid7(START + HOUR, 1), "message_text": 7}])

    assert [(1, 2)] == [(hit.turn, hit.turns) for hit in found(store, clock, "tea")]
    assert module.OVERLAP_MS > store.index_lag_ms
