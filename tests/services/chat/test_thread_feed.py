"""The feed of named conversations, and of those that somebody holds: each thing once, in order, at fixed costs."""

from collections.abc import Iterable
from typing import Any

import pytest

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.errors import Invalid, NotFound, Unavailable
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.feeds import MOST_THREADS, FeedService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Delete
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import Intervening, ManualClock

MINUTE = 60_000


def told(changes: Iterable[Change]) -> list[str]:
    """Return the texts of the messages, and the names of everything else."""
    return [change.message.message_text if change.message else change.event for change in changes]


def started(store: Store, clock: ManualClock, text: str = "Where is it?", user: str = "u-1") -> str:
    return ChatService(store, clock).send(user, text, store="shop.example").conversation_id


def erase(store: Store, name: str) -> None:
    at = ChatService(store).conversation(name).created_at
    store.transact(Delete(CONVERSATIONS, {"conversation_id": name, "created_at": at}))


def test_a_thread_is_told_in_order_and_once(either: Store, clock: ManualClock) -> None:
    """Messages of users, agents and machines, from the beginning of the watch on; notes are none of them."""
    chat, name = ChatService(either, clock), started(either, clock)
    feed = FeedService(either, clock).threads([name])
    before = told(feed.poll())
    chat.reply(name, "jonas", "In customs")
    DeskService(chat).note(name, "jonas", "never to be seen")
    last = chat.send("u-1", "Still?", conversation_id=name).message_id
    chat.answer(name, "We are closed", if_last=last)

    assert [] == before
    assert ["In customs", "Still?", "We are closed"] == told(feed.poll())
    assert [] == told(feed.poll())


def test_it_is_told_when_it_is_closed_opened_again_and_read(either: Store, clock: ManualClock) -> None:
    """A closing stands behind the message that came with it; of what was undone meanwhile, the end counts."""
    chat, name = ChatService(either, clock), started(either, clock)
    feed = FeedService(either, clock).threads([name])
    chat.reply(name, "jonas", "Done", close=True)
    with_message = told(feed.poll())
    chat.reopen(name, "jonas")
    alone = told(feed.poll())
    chat.close(name, "jonas")
    chat.reopen(name, "jonas")
    undone = told(feed.poll())
    chat.mark_read(name, "user")
    first = list(feed.poll())

    assert (["Done", "closed"], ["reopened"], ["reopened"]) == (with_message, alone, undone)
    assert [("read", 0)] == [(each.event, each.conversation.unread_user) for each in first if each.conversation]
    assert [] == told(feed.poll())


def test_what_was_read_between_two_looks_is_told(either: Store, clock: ManualClock) -> None:
    """Also where more was written than read meanwhile, so that the number of unread messages rose."""
    chat, name = ChatService(either, clock), started(either, clock)
    chat.reply(name, "jonas", "one")
    feed = FeedService(either, clock).threads([name])
    chat.mark_read(name, "user")
    for text in ("two", "three"):
        chat.reply(name, "jonas", text)

    assert ["two", "three", "read"] == told(feed.poll())
    assert [] == told(feed.poll())


@pytest.mark.parametrize("count", range(5))
def test_a_watch_that_was_killed_goes_on_behind_what_it_told(either: Store, clock: ManualClock, count: int) -> None:
    """Whatever it told last: the cursor that came with it misses nothing and repeats nothing."""
    chat, names = ChatService(either, clock), [started(either, clock), started(either, clock)]
    feeds = FeedService(either, clock)
    feed = feeds.threads(names)
    chat.reply(names[0], "jonas", "one")
    chat.reply(names[1], "jonas", "two", close=True)
    chat.mark_read(names[0], "user")
    whole = ["one", "two", "closed", "read"]
    changes = feed.poll()
    first = [next(changes) for _ in range(count)]
    cursor = first[-1].cursor if first else feeds.threads(names, feed.cursor).cursor

    assert whole == told(first) + told(feeds.threads(names[::-1], cursor).poll())


def test_after_a_failure_the_rest_is_told(store: Store, meddled: Intervening, clock: ManualClock) -> None:
    """An outage in the middle loses nothing and repeats nothing."""
    chat, name = ChatService(store, clock), started(store, clock)
    feed = FeedService(meddled, clock).threads([name])
    chat.reply(name, "jonas", "one")

    def fail() -> None:
        raise Unavailable("timed out")

    meddled.before("query", fail, MESSAGES)
    with pytest.raises(Unavailable):
        list(feed.poll())

    assert ["one"] == told(feed.poll())


def test_what_comes_while_it_looks_is_told_by_the_next_look(
    store: Store, meddled: Intervening, clock: ManualClock
) -> None:
    """A message that is stored between the two reads of a look comes with its conversation, not before."""
    chat, name = ChatService(store, clock), started(store, clock)
    feed = FeedService(meddled, clock).threads([name])
    chat.reply(name, "jonas", "one")
    meddled.before("query", lambda: chat.reply(name, "jonas", "two"), MESSAGES)

    assert [["one"], ["two"], []] == [told(feed.poll()) for _ in range(3)]


def test_an_imported_conversation_is_told_in_order_of_time(either: Store, clock: ManualClock) -> None:
    """Its ids tell no time; what stood in it before is not told."""
    import_thread(either, V4, count=3)
    clock.advance(MINUTE)
    feed = FeedService(either, clock).threads([V4])
    chat = ChatService(either, clock)
    for text in ("one", "two"):
        chat.reply(V4, "jonas", text)

    assert ["one", "two"] == told(feed.poll())


@pytest.mark.parametrize("count", [1, MOST_THREADS])
def test_nothing_new_costs_one_request(store: Store, meddled: Intervening, clock: ManualClock, count: int) -> None:
    """For one conversation as for a hundred; one that changed costs one more."""
    names = [started(store, clock) for _ in range(count)]
    feed = FeedService(meddled, clock).threads(names)
    meddled.calls.clear()
    list(feed.poll())
    quiet = [*meddled.calls]
    ChatService(store, clock).reply(names[0], "jonas", "one")
    list(feed.poll())

    assert ["batch_get"] == quiet
    assert ["batch_get", "query"] == meddled.calls[len(quiet) :]


def test_a_conversation_that_is_gone_ends_the_watch(store: Store, clock: ManualClock) -> None:
    """As `chat show` would."""
    name = started(store, clock)
    feed = FeedService(store, clock).threads([name])
    erase(store, name)

    with pytest.raises(NotFound):
        list(feed.poll())
    with pytest.raises(NotFound):
        FeedService(store, clock).threads([name])


def test_too_many_and_none_are_refused(store: Store, clock: ManualClock) -> None:
    """One request reads a hundred."""
    for ids in ([], [f"c-{number}" for number in range(MOST_THREADS + 1)]):
        with pytest.raises(Invalid):
            FeedService(store, clock).threads(ids)


def test_what_somebody_holds_is_told_from_the_claim_to_what_ends_it(either: Store, clock: ManualClock) -> None:
    """Conversations come and go; the answer of somebody else, which ends the claim, is told, too."""
    chat = ChatService(either, clock)
    desk, name, other = DeskService(chat), started(either, clock), started(either, clock)
    feed = FeedService(either, clock).held("mira")
    chat.send("u-1", "before the claim", conversation_id=name)
    desk.claim(name, "mira")
    desk.claim(other, "ann")
    chat.send("u-1", "behind it", conversation_id=name)
    chat.send("u-1", "elsewhere", conversation_id=other)
    first = told(feed.poll())
    chat.reply(name, "jonas", "from the dashboard")
    second = told(feed.poll())
    chat.send("u-1", "held by nobody", conversation_id=name)

    assert (["behind it"], ["from the dashboard"], []) == (first, second, told(feed.poll()))


def test_a_claim_that_is_renewed_hides_nothing(either: Store, clock: ManualClock) -> None:
    """What came between a claim and its renewal is told, also where nobody looked in between."""
    chat = ChatService(either, clock)
    desk, name = DeskService(chat), started(either, clock)
    feeds = FeedService(either, clock)
    miras, anns = feeds.held("mira"), feeds.held("ann")
    desk.claim(name, "mira")
    chat.send("u-1", "behind the claim", conversation_id=name)
    desk.claim(name, "mira")
    renewed = told(miras.poll())
    desk.claim(name, "ann", steal=True)
    chat.send("u-1", "behind hers", conversation_id=name)

    assert (["behind the claim"], ["behind hers"]) == (renewed, told(anns.poll()))


@pytest.mark.parametrize("off", [-10 * 60_000, 10 * 60_000])
def test_a_wrong_clock_of_who_claims_hides_nothing(either: Store, clock: ManualClock, off: int) -> None:
    """What is told begins behind what stood there, not at a time of the claimer's: their clock may be minutes off."""
    chat, name = ChatService(either, clock), started(either, clock)
    other = started(either, clock, user="u-2")
    desk = DeskService(ChatService(either, ManualClock(clock.now + off)))
    feed = FeedService(either, clock).held("mira")
    desk.claim(name, "mira")
    desk.claim_next("mira")
    chat.send("u-1", "behind the claim", conversation_id=name)
    chat.send("u-2", "behind the other", conversation_id=other)

    assert ["behind the claim", "behind the other"] == told(feed.poll())


def test_what_is_held_at_the_beginning_is_told_from_then_on(either: Store, clock: ManualClock) -> None:
    """A watch goes on by its cursor with what was held then, also where that is not held any more."""
    chat, name = ChatService(either, clock), started(either, clock)
    DeskService(chat).claim(name, "mira")
    chat.send("u-1", "seen", conversation_id=name)
    feeds = FeedService(either, clock)
    feed = feeds.held("mira")
    cursor = feed.cursor
    chat.reply(name, "jonas", "from the dashboard")

    assert ["from the dashboard"] == told(feed.poll())
    assert ["from the dashboard"] == told(feeds.held("mira", cursor).poll())


def test_what_is_held_costs_three_requests_at_most(store: Store, meddled: Intervening, clock: ManualClock) -> None:
    """The list, the claims, and the conversations; the list alone where nothing is held. What is gone is left out."""
    feed = FeedService(meddled, clock).held("mira")
    names = [started(store, clock) for _ in range(3)]
    meddled.calls.clear()
    list(feed.poll())
    nothing = [*meddled.calls]
    for name in names:
        DeskService(ChatService(store, clock)).claim(name, "mira")
    list(feed.poll())
    meddled.calls.clear()
    list(feed.poll())
    held = [*meddled.calls]
    erase(store, names[0])
    ChatService(store, clock).send("u-1", "one", conversation_id=names[1])

    assert (["query"], ["query", "batch_get", "batch_get"]) == (nothing, held)
    assert ["one"] == told(feed.poll())
    assert [] == told(feed.poll())


def test_a_claim_of_what_is_gone_is_no_obstacle(store: Store, clock: ManualClock) -> None:
    """Its conversation was erased, or archived, before the watch began."""
    name = started(store, clock)
    DeskService(ChatService(store, clock)).claim(name, "mira")
    erase(store, name)
    feed = FeedService(store, clock).held("mira")

    assert [] == told(feed.poll())


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"seen": []},
        {"seen": {"c": 1}},
        {"seen": {"c": [1]}},
        {"seen": {"c": [True, 1]}},
        {"seen": {"c": [1, "x"]}},
        {"seen": {"c": [-1, 1]}},
        {"seen": {"c": [10**400, 1]}},
        {"seen": {"": [1, 1]}},
        {"seen": {"x" * 129: [1, 1]}},
    ],
)
def test_a_forged_cursor_is_refused(store: Store, clock: ManualClock, forged: dict[str, Any]) -> None:
    """Even if its checksum is right."""
    name = started(store, clock)
    feeds = FeedService(store, clock)
    threads, held = (encode_cursor(feeds._listing(*words), forged) for words in (("threads", name), ("held", "mira")))

    with pytest.raises(Invalid, match="cursor"):
        feeds.threads([name], threads)
    with pytest.raises(Invalid, match="cursor"):
        feeds.held("mira", held)


def test_a_cursor_of_another_watch_is_refused(store: Store, clock: ManualClock) -> None:
    """Of other conversations, another holder, another kind of watch, or cut off."""
    one, two = started(store, clock), started(store, clock)
    feeds = FeedService(store, clock)
    cursors = [feeds.threads([one]).cursor, feeds.held("ann").cursor, feeds.whole().cursor, "x", ""]
    for cursor in cursors:
        with pytest.raises(Invalid, match="cursor"):
            feeds.threads([two], cursor)
        with pytest.raises(Invalid, match="cursor"):
            feeds.held("mira", cursor)
        if cursor != cursors[2]:
            with pytest.raises(Invalid, match="cursor"):
                feeds.whole(cursor)
        with pytest.raises(Invalid, match="cursor"):
            feeds.whole(cursor, waiting=True)
