"""The queue of an agent: the next conversation, what they hold, and who holds the others."""

from collections.abc import Callable

import pytest

from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.services.chat.claims import read_claims
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.waiting_index import WAITING_INDEX
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.table_changes import DropIndex
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import DAY, START, Intervening, ManualClock

MINUTE = 60_000
WAITING = ConversationFilter(sort="waiting")


@pytest.fixture
def desk(chat: ChatService) -> DeskService:
    return DeskService(chat)


@pytest.fixture
def meddled_desk(meddled: Intervening, clock: ManualClock) -> DeskService:
    return DeskService(ChatService(meddled, clock))


def sent(desk: DeskService, count: int) -> list[str]:
    return [desk.chat.send(f"user-{number}", "Hello").conversation_id for number in range(count)]


def taken(desk: DeskService, agent: str) -> str | None:
    claim = desk.claim_next(agent)
    return None if claim is None else claim.conversation_id


@pytest.mark.parametrize("ready", [True, False])
def test_the_next_one_waits_longest_and_nobody_holds_it(desk: DeskService, store: Store, ready: bool) -> None:
    """Each call claims another one, and in the end none; also while the index is not ready."""
    first, second, third, fourth = sent(desk, 4)
    desk.chat.reply(second, "jonas", "Hi")
    desk.claim(first, "jonas")
    if not ready:
        store.change_table(CONVERSATIONS, DropIndex(WAITING_INDEX))

    assert [third, fourth, None] == [taken(desk, agent) for agent in ("mira", "jonas", "mira")]


@pytest.mark.parametrize("later", [MINUTE, 2 * DAY])
def test_an_expired_claim_is_in_nobodys_way(desk: DeskService, clock: ManualClock, later: int) -> None:
    """What its holder let run out is next again, also where the store drops the claim at that very moment."""
    [one] = sent(desk, 1)
    desk.claim(one, "jonas", duration=MINUTE)
    assert taken(desk, "mira") is None
    clock.advance(later)

    assert one == taken(desk, "mira")


def test_what_is_due_is_next_and_moved_back(desk: DeskService, clock: ManualClock) -> None:
    """At its place by how long it waits; what is put off for longer is passed over."""
    first, second, third = sent(desk, 3)
    desk.snooze(first, "mira", START + DAY)
    desk.snooze(second, "mira", START + 2 * DAY)
    clock.now = START + DAY

    assert [first, third, None] == [taken(desk, "mira") for _ in range(3)]
    assert ["admin", "snoozed"] == [desk.chat.conversation(each).waiting_for for each in (first, second)]


def test_a_claim_stands_though_nothing_could_be_moved_back(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, clock: ManualClock
) -> None:
    """An outage behind the claim is nobody's loss: what is due stays in the queue, and is moved back another time."""
    first, second = sent(desk, 2)
    desk.snooze(first, "mira", START + DAY)
    clock.now = START + DAY
    meddled.before("transact", lambda: None)
    meddled.before("transact", unavailable)

    assert first == taken(meddled_desk, "mira")
    assert "snoozed" == desk.chat.conversation(first).waiting_for
    assert [first, second] == [each.conversation_id for each in desk.list_conversations(WAITING).conversations]
    assert second == taken(desk, "mira")
    assert "admin" == desk.chat.conversation(first).waiting_for


def unavailable() -> None:
    raise Unavailable("no contact")


def test_a_cursor_of_an_earlier_version_goes_on(desk: DeskService) -> None:
    """It knew nothing of what is due; a damaged one is refused."""
    ids = sent(desk, 3)
    since = desk.chat.conversation(ids[0]).waiting_since
    old = {"after": [since, ids[0]]}
    page = desk.list_conversations(WAITING, cursor=encode_cursor(f"waiting|{WAITING}", old))

    assert ids[1:] == [each.conversation_id for each in page.conversations]
    for due in (None, "", ["", 5], [""]):
        with pytest.raises(Invalid, match="cursor"):
            desk.list_conversations(WAITING, cursor=encode_cursor(f"waiting|{WAITING}", old | {"due": due}))


@pytest.mark.parametrize("change", ["claim", "reply", "reply and another question", "close", "snooze"])
def test_what_somebody_is_faster_at_is_passed_over(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, clock: ManualClock, change: str
) -> None:
    """Whoever claims, answers, closes or puts it off a moment before; the one behind it is claimed."""
    first, second = sent(desk, 2)
    changes: dict[str, Callable[[], object]] = {
        "claim": lambda: desk.claim(first, "jonas"),
        "reply": lambda: ChatService(desk.store, ManualClock(clock.now)).reply(first, "jonas", "Hi"),
        "reply and another question": lambda: (
            desk.chat.reply(first, "jonas", "Hi"),
            desk.chat.send("user-0", "and?", conversation_id=first),
        ),
        "close": lambda: desk.chat.close(first, "jonas"),
        "snooze": lambda: desk.snooze(first, "jonas", START + DAY),
    }
    meddled.before("transact", changes[change])

    assert second == taken(meddled_desk, "mira")
    held = read_claims(desk.store, [first], clock.now)[first].valid
    assert ("jonas" if change == "claim" else None) == (held and held.holder)


def test_what_never_told_since_when_it_waits_is_passed_over_when_it_is_closed(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, store: Store
) -> None:
    """Closing an imported conversation changes nothing of who waits in it, and it is not claimed all the same."""
    import_thread(store)
    store.change_table(CONVERSATIONS, DropIndex(WAITING_INDEX))
    meddled.before("transact", lambda: desk.chat.close(V4, "jonas"))

    assert taken(meddled_desk, "mira") is None


def test_a_repeated_request_with_a_key_claims_no_other(desk: DeskService) -> None:
    """Also when nothing waits any more."""
    one, two = sent(desk, 2)
    first = desk.claim_next("mira", key="k")
    assert first is not None
    assert one == first.conversation_id
    desk.claim(two, "jonas")

    assert first == desk.claim_next("mira", key="k")


@pytest.mark.parametrize("size", [10, 1_000])
def test_the_next_one_costs_four_requests_and_a_write(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, size: int
) -> None:
    """What is due, a page of the index, its items, their claims: at any size, on any page, whoever holds some of it."""
    for one in sent(desk, size)[:5]:
        desk.claim(one, "jonas")
    meddled.calls.clear()
    assert taken(meddled_desk, "mira") is not None

    assert ["query", "query", "batch_get", "batch_get", "transact"] == meddled.calls
    cursor: str | None = None
    for _ in range(3):
        meddled.calls.clear()
        cursor = meddled_desk.list_conversations(WAITING, limit=size // 10, cursor=cursor).next_cursor
        assert ["query", "query", "batch_get", "batch_get"] == meddled.calls


def test_another_page_is_read_where_all_of_one_is_held(desk: DeskService) -> None:
    """However many others hold, the first that nobody holds is found."""
    ids = sent(desk, 102)
    for one in ids[:100]:
        desk.claim(one, "jonas")

    assert ids[100] == taken(desk, "mira")


@pytest.mark.parametrize(("waiting", "others"), [(1, ""), (2, "1"), (100, "99"), (101, "99 or more")])
def test_the_claim_tells_how_many_others_wait(desk: DeskService, waiting: int, others: str) -> None:
    """Whoever holds them, as far as the page that was read tells; a repetition tells the same."""
    for one in sent(desk, waiting)[1:2]:
        desk.claim(one, "jonas")
    first = desk.claim_next("mira", key="k")

    assert first is not None
    assert others == first.others
    assert first == desk.claim_next("mira", key="k")


def test_lists_tell_who_holds_what(desk: DeskService) -> None:
    """Until when, and nothing of the sort where nobody does."""
    one, two = sent(desk, 2)
    until = desk.claim(two, "mira").until
    found = {each.conversation_id: each.item() for each in desk.list_conversations(WAITING).conversations}

    assert ("mira", until) == (found[two]["held_by"], found[two]["held_until"])
    assert "held_by" not in found[one]


@pytest.mark.parametrize(
    ("wanted", "order"), [(ConversationFilter(), [3, 1, 0]), (WAITING, [0, 3]), (ConversationFilter("closed"), [])]
)
@pytest.mark.parametrize("limit", [1, 100])
def test_an_agent_lists_what_they_hold(
    desk: DeskService, wanted: ConversationFilter, order: list[int], limit: int
) -> None:
    """In the order that was asked for, in pages; nothing that was answered, expired or taken over."""
    ids = sent(desk, 6)
    for each in (0, 1, 2, 3, 4, 5):
        desk.claim(ids[each], "mira")
    for each in (1, 2):
        desk.chat.reply(ids[each], "mira", "Hi")
    desk.claim(ids[1], "mira")
    desk.chat.send("user-3", "more", conversation_id=ids[3])
    desk.claim(ids[4], "jonas", steal=True)
    desk.chat.close(ids[5], "mira")
    found: list[str] = []
    cursor: str | None = None
    while cursor is not None or not found:
        page = desk.list_conversations(wanted, holder="mira", limit=limit, cursor=cursor)
        found += [each.conversation_id for each in page.conversations]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert [ids[number] for number in order] == found


def test_imported_conversations_are_listed_as_held(desk: DeskService, store: Store) -> None:
    """Though their ids do not tell their keys."""
    import_thread(store)
    desk.claim(V4, "mira")

    [held] = desk.list_conversations(ConversationFilter(), holder="mira").conversations
    assert V4 == held.conversation_id


def test_the_only_one_that_is_held_needs_no_name(desk: DeskService) -> None:
    """With none or two, nothing is guessed."""
    one, two = sent(desk, 2)
    with pytest.raises(Invalid, match="you hold no conversation"):
        desk.only_held("mira")
    desk.claim(one, "mira")
    assert one == desk.only_held("mira")
    desk.claim(two, "mira")
    with pytest.raises(Invalid, match="you hold 2 conversations"):
        desk.only_held("mira")


def test_how_many_wait_is_told_as_far_as_it_is_known(desk: DeskService, store: Store) -> None:
    """A page of the index says it; without the index nothing is said."""
    assert "" == desk.waiting()
    sent(desk, 2)
    assert "2" == desk.waiting()
    sent(desk, 99)
    assert "100 or more" == desk.waiting()
    store.change_table(CONVERSATIONS, DropIndex(WAITING_INDEX))
    assert "" == desk.waiting()
