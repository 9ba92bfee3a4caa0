"""Request keys: taken for seven days, for whoever claims one and for whoever asks, whatever a single clock says."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.answers.chat import Sent
from commercive_cli.domain.clock import Clock
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.idempotency import KeyedRequest, earlier_answer, nothing_to_do, once
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS
from commercive_cli.store.writes import Update
from tests.e2e.embedded import make_tables
from tests.services.fakes import DAY, START, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import errors_in, rows

REQUEST = KeyedRequest("chat/send", "user-1", "k", ("Hello",))
SECOND, HOUR = 1_000, 3_600_000


def ask(store: Store, clock: Clock, name: str) -> str:
    """Send the request; return the name of the answer, which is the given one when it was carried out."""
    answer = Sent(conversation_id=name, message_id=name, created_at=START)
    return once(store, clock, REQUEST, Sent, lambda: nothing_to_do(store, REQUEST, clock(), answer)).message_id


def known(store: Store, at: int) -> bool:
    """Return whether the request is known to have been carried out, for somebody whose clock says `at`."""
    return earlier_answer(store, at, REQUEST, Sent) is not None


@pytest.mark.parametrize(
    "after", [0, SECOND, 7 * DAY, 7 * DAY + SECOND, 10 * DAY, 400 * DAY, -SECOND, -10 * DAY], ids=lambda ms: f"{ms} ms"
)
def test_a_key_is_taken_for_seven_days(either: Store, after: int) -> None:
    """To the second where a server's clock, which is years ahead here, says so too; one clock alone forgets nothing."""
    ask(either, lambda: START, "first")
    stays = known(either, START + after)
    again = ask(either, lambda: START + after, "second")
    over = after > 7 * DAY and not isinstance(either, SQLiteStore)

    assert ("second" if over else "first") == again
    assert stays is not over
    assert 1 == len(rows(either, OPS))


def test_a_key_is_free_after_a_week_in_which_others_wrote(either: Store, clock: ManualClock) -> None:
    """Those who wrote meanwhile are the evidence: for whoever sends it, and for whoever looks for its answer."""
    ask(either, clock, "first")
    a_week_passes(either, clock)

    assert not known(either, clock.now)
    assert "second" == ask(either, clock, "second")
    assert "second" == ask(either, clock, "third")


@pytest.mark.parametrize("ahead", [10 * DAY, 400 * DAY, -10 * DAY])
def test_a_process_with_a_wrong_clock_forgets_nobodys_keys(tmp_path: Path, clock: ManualClock, ahead: int) -> None:
    """Days ahead or behind, for weeks of work: what was sent is done once, whoever of the two sends it again."""
    with ExitStack() as opened:
        right, wrong = (
            opened.enter_context(closing(SQLiteStore(tmp_path / "store.db", clock=each)))
            for each in (lambda: clock.now, lambda: clock.now + ahead)
        )
        make_tables(right)
        chats = ChatService(right, clock), ChatService(wrong, lambda: clock() + ahead)
        sent: list[tuple[int, str, object]] = []
        for number in range(60):
            clock.advance(DAY // 10)
            key, chat = f"k{number}", chats[number % 2]
            sent.append((clock.now, key, chat.send("user-1", "Hello", key=key)))
            for chat in chats:  # what anybody sent in the last seven days
                for at, key, answer in sent[-66::5]:
                    assert clock.now - at > 7 * DAY or answer == chat.send("user-1", "Hello", key=key)

        assert [] == errors_in(right)


@given(steps=st.lists(st.integers(-HOUR, 30 * DAY), min_size=20, max_size=80))
@settings(max_examples=8)
def test_clocks_that_step_at_random_forget_nothing(steps: list[int]) -> None:
    """Anybody's clock may be set to anything from an hour ago to a month ahead, again and again, within a minute."""
    clock, keys = ManualClock(step=0), list[str]()
    with (
        TemporaryDirectory() as directory,
        closing(SQLiteStore(Path(directory) / "store.db", clock=lambda: clock.now)) as store,
    ):
        make_tables(store)
        for number, step in enumerate(steps):
            clock.now = START + step
            keys.append(ask(store, clock, f"k{number}"))

        assert {"k0"} == set(keys)


@pytest.mark.parametrize("change", [{"remove": ("expires_at",)}, {"set": {"expires_at": "soon"}}])
def test_a_claim_that_does_not_tell_how_long_counts(
    store: Store, clock: ManualClock, change: dict[str, object]
) -> None:
    """Nobody does a request twice because a claim was damaged."""
    ask(store, lambda: START, "first")
    store.transact(Update(OPS, REQUEST.claim_key, **change))  # type: ignore[arg-type] # one of two ways to damage it
    a_week_passes(store, clock)

    assert known(store, clock.now)
    assert "first" == ask(store, clock, "second")


@pytest.mark.parametrize("action", ["start", "send", "submit", "once"])
def test_of_two_who_use_a_key_of_last_week_at_once_one_is_carried_out(
    store: Store, meddled: Intervening, clock: ManualClock, code: str, action: str
) -> None:
    """Both find that the key is free again; whoever comes second gets the answer of the first, and not last week's."""
    name = ChatService(store, clock).send("user-1", "first").conversation_id
    asked: dict[str, Callable[[Store], object]] = {
        "start": lambda store: ChatService(store, clock).send("user-1", "x", key="k"),
        "send": lambda store: ChatService(store, clock).send("user-1", "x", conversation_id=name, key="k"),
        "submit": lambda store: LeadService(store, clock).submit(code, {"name": "J", "email": "j@e.com"}, key="k"),
        "once": lambda store: ask(store, clock, f"at {clock.now}"),
    }
    before = asked[action](store)
    a_week_passes(store, clock)
    others: list[object] = []
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: others.append(asked[action](store)))
    ours = asked[action](meddled)

    assert [ours] == others != [before]
    assert {"submit": 2}.get(action, 0) == len(rows(store, LEADS))
    assert {"submit": 1, "once": 1}.get(action, 3) == len(rows(store, MESSAGES))
    assert [] == errors_in(store)


@pytest.mark.parametrize("action", ["start", "send", "reply", "submit"])
def test_two_requests_with_one_key_at_once_are_one(
    store: Store, meddled: Intervening, clock: ManualClock, code: str, action: str
) -> None:
    """The key alone tells: nothing else about the one stands in the other's way, and both get the same answer."""
    name = ChatService(store, ManualClock(START - DAY)).send("user-1", "first").conversation_id
    asked: dict[str, Callable[[Store, ManualClock], object]] = {
        "start": lambda store, clock: ChatService(store, clock).send("user-1", "x", key="k"),
        "send": lambda store, clock: ChatService(store, clock).send("user-1", "x", conversation_id=name, key="k"),
        "reply": lambda store, clock: ChatService(store, clock).reply(name, "admin-1", "x", key="k"),
        "submit": lambda store, clock: LeadService(store, clock).submit(
            code, {"name": "Jane", "email": "jane@example.com"}, key="k"
        ),
    }
    behind = ManualClock(START - DAY // 2)
    others: list[object] = []
    meddled.before("transact", lambda: others.append(asked[action](store, behind)))
    ours = asked[action](meddled, clock)

    assert [ours] == others
    assert {"submit": 1}.get(action, 0) == len(rows(store, LEADS))
    assert {"submit": 1}.get(action, 2) == len(rows(store, MESSAGES))
    assert [] == errors_in(store)
