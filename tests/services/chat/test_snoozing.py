"""Putting off: out of the queue until a time or until the user writes, and never lost from it."""

import pytest

from commercive_cli.domain.errors import Conflict, HeldByOther, Invalid, NotFound
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.claims import claim_key, new_claim
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.snoozing import DUE, MOST_DUE, MOST_WOKEN, all_due, wake
from commercive_cli.services.chat.waiting_index import WAITING_INDEX, fill_waiting
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, OPS
from commercive_cli.store.table_changes import DropIndex
from commercive_cli.store.writes import Delete, Update
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import DAY, START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

HOUR = 3_600_000


@pytest.fixture
def desk(chat: ChatService) -> DeskService:
    return DeskService(chat)


@pytest.fixture
def name(chat: ChatService) -> str:
    return chat.send("user-1", "Hello").conversation_id


def queue(chat: ChatService, limit: int = 100) -> list[str]:
    """Return the queue, read in pages."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = chat.list_conversations(ConversationFilter(sort="waiting"), limit=limit, cursor=cursor)
        found += [each.conversation_id for each in page.conversations]
        cursor = page.next_cursor
        if cursor is None:
            return found


def snoozes(store: Store) -> list[str]:
    return [row["sk"] for row in rows(store, OPS) if row["pk"].startswith("snooze")]


def sound(store: Store, clock: ManualClock) -> bool:
    return errors_in(store) == [] == AuditService(store, clock).run("admin-1").findings


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("limit", [1, 100])
def test_what_is_put_off_comes_back_at_its_time(
    desk: DeskService, store: Store, clock: ManualClock, ready: bool, limit: int
) -> None:
    """At its place by how long its user has waited, on pages of any size, also while the index is not ready."""
    first, second, third = (desk.chat.send(f"user-{n}", "Hello").conversation_id for n in range(3))
    if not ready:
        store.change_table(CONVERSATIONS, DropIndex(WAITING_INDEX))
    until = desk.snooze(second, "mira", START + DAY).until
    clock.step, clock.now = 0, until - 1
    assert [first, third] == queue(desk.chat, limit)
    clock.now = until

    assert [first, second, third] == queue(desk.chat, limit)
    assert sound(store, clock)


def test_more_than_a_page_takes_in_come_back_at_once(
    desk: DeskService, meddled: Intervening, clock: ManualClock
) -> None:
    """All are in the queue once; those behind the first 500 follow who waits in the index, and no page reads more."""
    ids = [desk.chat.send(f"user-{n}", "Hello").conversation_id for n in range(MOST_DUE + 3)]
    waiting, put_off = ids[:2], ids[2:]
    for until, one in enumerate(reversed(put_off), 1):
        desk.snooze(one, "mira", START + DAY + until)
    clock.now = START + 2 * DAY
    for limit in (7, 100, 500):
        meddled.calls.clear()
        found = queue(ChatService(meddled, clock), limit)

        assert sorted([*waiting, *put_off[1:]]) == sorted(found[:-1])
        assert [*waiting, *put_off[1:], put_off[0]] == found
        pages = -(-(len(ids) - 1) // limit) + 1
        assert ["query", "query", "batch_get"] * (pages - 1) + ["query", "batch_get"] == meddled.calls


def test_an_agent_gets_all_that_is_due(desk: DeskService, store: Store, clock: ManualClock) -> None:
    """However many are due at once, and held by others: each is next once, and all are moved back by and by."""
    ids = [desk.chat.send(f"user-{n}", "Hello").conversation_id for n in range(MOST_DUE + 5)]
    for one in ids:
        desk.snooze(one, "mira", START + DAY)
    clock.step, clock.now = 0, START + DAY
    held = (new_claim(one, "jonas", clock.now, HOUR, START) for one in ids[:-5])
    store.batch_put(OPS, [{**claim_key(claim.conversation_id), **claim.item()} for claim in held])
    taken = [claim.conversation_id for claim in iter(lambda: desk.claim_next("mira"), None)]

    assert ids[-5:] == taken
    assert MOST_DUE + 5 - 6 * MOST_WOKEN == len(list(all_due(store, clock.now)))


def test_moving_back_changes_nothing_that_is_seen(
    desk: DeskService, store: Store, clock: ManualClock, name: str
) -> None:
    """The queue is the same before and after, and nothing is left of the snooze."""
    desk.snooze(name, "mira", START + DAY)
    clock.now = START + DAY
    before = queue(desk.chat)
    wake(store, all_due(store, clock.now))

    assert before == queue(desk.chat) == [name]
    assert "admin" == desk.chat.conversation(name).waiting_for
    assert [] == snoozes(store)
    assert sound(store, clock)


def test_the_user_ends_it_by_writing(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """They wait since their first message; when the time comes, nothing happens twice."""
    since = desk.chat.conversation(name).waiting_since
    desk.snooze(name, "mira", START + DAY)
    assert [] == queue(desk.chat)
    desk.chat.send("user-1", "well?", conversation_id=name)
    assert [name] == queue(desk.chat)
    clock.now = START + DAY

    assert [name] == queue(desk.chat)
    wake(store, all_due(store, clock.now))
    assert [name] == queue(desk.chat)
    assert since == desk.chat.conversation(name).waiting_since
    assert [] == snoozes(store)


@pytest.mark.parametrize("action", ["reply", "close", "answer"])
def test_what_is_answered_or_closed_does_not_come_back(
    desk: DeskService, store: Store, clock: ManualClock, name: str, action: str
) -> None:
    """The snooze is forgotten when it is due."""
    desk.snooze(name, "mira", START + DAY)
    last = str(desk.chat.conversation(name).last_message_id)
    if action == "close":
        desk.chat.close(name, "mira")
    elif action == "reply":
        desk.chat.reply(name, "mira", "Hi")
    else:
        desk.chat.answer(name, "Hi", if_last=last)
    clock.now = START + DAY

    assert [] == queue(desk.chat)
    wake(store, all_due(store, clock.now))
    assert [] == queue(desk.chat) == snoozes(store)
    assert sound(store, clock)


def test_the_last_time_counts(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """Later or earlier than the first one, and also where the user wrote in between."""
    desk.snooze(name, "mira", START + DAY)
    desk.chat.send("user-1", "well?", conversation_id=name)
    desk.snooze(name, "mira", START + 2 * DAY)
    clock.now = START + DAY
    assert ([], []) == (queue(desk.chat), list(all_due(store, clock.now)))
    desk.snooze(name, "mira", START + DAY + HOUR)
    clock.now = START + DAY + HOUR

    assert [name] == queue(desk.chat)
    assert 2 == len(snoozes(store))


@pytest.mark.parametrize("again", [START + DAY, START + 3 * DAY])
def test_who_is_put_off_again_is_not_woken(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str, again: int
) -> None:
    """A command that forgets what the user ended leaves alone what somebody puts off meanwhile, to any time."""
    early = DeskService(ChatService(store, ManualClock(START + HOUR)))
    desk.snooze(name, "mira", START + DAY)
    desk.chat.send("user-1", "well?", conversation_id=name)
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: early.snooze(name, "mira", again))
    wake(meddled, all_due(store, START + DAY))

    assert "snoozed" == desk.chat.conversation(name).waiting_for
    assert [again] == [each.until for each in all_due(store, START + 9 * DAY)]
    assert sound(store, clock)


def test_imported_conversations_are_put_off(desk: DeskService, store: Store, clock: ManualClock) -> None:
    """Also those that wait by their unread messages alone; filling the index does not bring them back early."""
    import_thread(store)
    desk.snooze(V4, "mira", START + DAY)

    assert [] == queue(desk.chat)
    assert 0 == fill_waiting(store)
    clock.now = START + DAY
    assert [V4] == queue(desk.chat)


def test_ones_claim_ends_and_anothers_refuses(desk: DeskService, store: Store, name: str) -> None:
    """Who puts a conversation off does not work on it; who is not its holder cannot."""
    desk.claim(name, "mira")
    before = everything(store)
    with pytest.raises(HeldByOther, match="held by mira"):
        desk.snooze(name, "jonas", START + DAY)
    assert before == everything(store)
    desk.snooze(name, "mira", START + DAY)

    assert "jonas" == desk.claim(name, "jonas").holder


@pytest.mark.parametrize("change", ["message", "reply", "claim"])
def test_nothing_is_put_off_that_changes_meanwhile(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str, change: str
) -> None:
    """A message that nobody saw is not put off with what was seen."""
    changes = {
        "message": lambda: desk.chat.send("user-1", "wait", conversation_id=name),
        "reply": lambda: desk.chat.reply(name, "jonas", "Hi"),
        "claim": lambda: desk.claim(name, "jonas"),
    }
    meddled.before("transact", changes[change])
    with pytest.raises(HeldByOther if change == "claim" else Conflict):
        DeskService(ChatService(meddled, clock)).snooze(name, "mira", START + DAY)

    assert [] == snoozes(store)
    assert "snoozed" != desk.chat.conversation(name).waiting_for


@pytest.mark.parametrize(
    "change", [{"status": "closed"}, {"waiting_for": "else"}, {"waiting_since": START - 1}, {"updated_at": START - 1}]
)
def test_nothing_is_put_off_that_is_another_by_then(
    meddled: Intervening, store: Store, clock: ManualClock, name: str, change: dict[str, object]
) -> None:
    """Whoever changes it, a person who mends it among them: what is put off is what was looked at."""
    [item] = rows(store, CONVERSATIONS)
    key = CONVERSATIONS.key_of(item)
    meddled.before("transact", lambda: store.transact(Update(CONVERSATIONS, key, set=change)))
    with pytest.raises(Conflict, match="changed meanwhile"):
        DeskService(ChatService(meddled, clock)).snooze(name, "mira", START + DAY)

    assert [item | change] == rows(store, CONVERSATIONS)
    assert [] == snoozes(store)


def test_two_who_put_off_at_once_leave_one_time(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """The second is refused; what counts is one time, which is among those that come."""
    meddled.before("transact", lambda: desk.snooze(name, "jonas", START + 2 * DAY))
    with pytest.raises(Conflict, match="changed meanwhile"):
        DeskService(ChatService(meddled, clock)).snooze(name, "mira", START + DAY)

    assert [START + 2 * DAY] == [each.until for each in all_due(store, START + 9 * DAY)]


@pytest.mark.parametrize("lost", [False, True])
def test_two_who_put_off_for_another_time_at_once_leave_one_time(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str, lost: bool
) -> None:
    """Also where it was put off before, so that it looks the same to both, or where nothing tells until when."""
    desk.snooze(name, "ann", START + 3 * DAY)
    if lost:
        store.transact(*(Delete(OPS, OPS.key_of(row)) for row in rows(store, OPS) if row["pk"].startswith("snooze")))
    meddled.before("transact", lambda: desk.snooze(name, "jonas", START + 2 * DAY))
    with pytest.raises(Conflict, match="changed meanwhile"):
        DeskService(ChatService(meddled, clock)).snooze(name, "mira", START + DAY)

    assert [START + 2 * DAY] == [each.until for each in all_due(store, START + 9 * DAY)]
    assert sound(store, clock)


def test_who_is_put_off_for_longer_meanwhile_is_not_woken(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """A command that found the time over moves nobody back whom somebody has put off to a later time since."""
    desk.snooze(name, "mira", START + DAY)
    due = list(all_due(store, START + DAY))
    meddled.before("transact", lambda: desk.snooze(name, "jonas", START + 3 * DAY))
    wake(meddled, due)

    assert "snoozed" == desk.chat.conversation(name).waiting_for
    assert [START + 3 * DAY] == [each.until for each in all_due(store, START + 9 * DAY)]
    assert sound(store, clock)


@pytest.mark.parametrize(
    "change", [{"status": "closed"}, {"waiting_for": "else"}, {"waiting_since": 5}, {"updated_at": 5}]
)
def test_filling_the_index_leaves_alone_what_changes_meanwhile(
    meddled: Intervening, store: Store, change: dict[str, object]
) -> None:
    """Whoever changes what stands behind a place in the queue has put it into the queue, or taken it out, as it is."""
    import_thread(store)
    [item] = rows(store, CONVERSATIONS)
    key = CONVERSATIONS.key_of(item)
    meddled.before("transact", lambda: store.transact(Update(CONVERSATIONS, key, set=change)))

    assert 0 == fill_waiting(meddled)
    assert [item | change] == rows(store, CONVERSATIONS)


@pytest.mark.parametrize("until", [0, START, START + 367 * DAY])
def test_the_time_must_lie_ahead(desk: DeskService, store: Store, name: str, until: int) -> None:
    """By at most 366 days; nothing is written."""
    before = everything(store)
    with pytest.raises(Invalid, match="366 days"):
        desk.snooze(name, "mira", until)

    assert before == everything(store)


def test_only_what_waits_is_put_off(desk: DeskService, name: str) -> None:
    """Nobody waits in what is answered or closed."""
    desk.chat.reply(name, "mira", "Hi")
    with pytest.raises(Conflict, match="nobody waits"):
        desk.snooze(name, "mira", START + DAY)
    desk.chat.close(name, "mira")
    with pytest.raises(Conflict, match="it is closed"):
        desk.snooze(name, "mira", START + DAY)
    with pytest.raises(NotFound):
        desk.snooze("no-such", "mira", START + DAY)


def test_a_repeated_request_with_a_key_changes_nothing(desk: DeskService, name: str) -> None:
    """A span is the same request later on, though it would end later."""
    first = desk.snooze(name, "mira", START + DAY, asked="1d", key="k")
    desk.chat.send("user-1", "well?", conversation_id=name)

    assert first == desk.snooze(name, "mira", START + DAY + 5, asked="1d", key="k")
    assert [name] == queue(desk.chat)


def test_what_nothing_would_bring_back_is_found(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """The audit puts a conversation back whose snooze is lost, and only that one."""
    other = desk.chat.send("user-2", "Hello").conversation_id
    for each in (name, other):
        desk.snooze(each, "mira", START + DAY)
    [lost] = [row for row in rows(store, OPS) if row["pk"] == DUE and row["conversation_id"] == name]
    store.transact(Delete(OPS, OPS.key_of(lost)))

    for fix in (False, True):
        [found] = AuditService(store, clock).run("admin-1", fix=fix).findings
        assert ("snooze", name) == (found.invariant, found.id)
    assert [name] == queue(desk.chat)
    assert sound(store, clock)
