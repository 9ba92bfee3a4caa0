"""Request keys: valid for seven days to the second, for whoever claims one and for whoever asks what it answered."""

from collections.abc import Callable

import pytest

from commercive_cli.domain.answers.chat import Sent
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.idempotency import KeyedRequest, is_valid
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS
from commercive_cli.store.writes import Update
from tests.services.fakes import DAY, START, Intervening, ManualClock
from tests.services.raw_data import errors_in, rows

REQUEST = KeyedRequest("chat/send", "user-1", "k", ("Hello",))
SECOND = 1_000


def answer(name: str) -> dict[str, object]:
    return {"conversation_id": name, "message_id": name, "created_at": START}


def claimed(store: Store, at: int, name: str) -> bool:
    """Claim the key at a time; return whether that went through."""
    try:
        store.transact(REQUEST.claim(at, answer(name)))
    except ConditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("after", "free"),
    [(0, False), (SECOND, False), (7 * DAY, False), (7 * DAY + SECOND, True), (8 * DAY, True), (-SECOND, False)],
)
def test_a_key_is_taken_for_seven_days(store: Store, after: int, free: bool) -> None:
    """Until then it gives the first answer; from then on it is as new, whether or not the store dropped the claim."""
    first = claimed(store, START, "first")
    again = claimed(store, START + after, "second")
    claim = store.get(OPS, REQUEST.claim_key)

    assert first
    assert free == again
    assert claim is not None
    assert ("second" if free else "first") == REQUEST.first_answer(claim, Sent).message_id


@pytest.mark.parametrize("after", [0, 7 * DAY, 7 * DAY + SECOND, 30 * DAY])
def test_who_asks_for_the_first_answer_and_who_claims_the_key_agree(store: Store, after: int) -> None:
    """There is no moment at which a key neither can be claimed nor has an answer, nor one at which both is so."""
    claimed(store, START, "first")
    claim = store.get(OPS, REQUEST.claim_key)

    assert claim is not None
    assert is_valid(claim, START + after) != claimed(store, START + after, "second")


@pytest.mark.parametrize("change", [{"remove": ("expires_at",)}, {"set": {"expires_at": "soon"}}])
def test_a_claim_that_does_not_tell_how_long_counts(store: Store, change: dict[str, object]) -> None:
    """Nobody does a request twice because a claim was damaged."""
    claimed(store, START, "first")
    store.transact(Update(OPS, REQUEST.claim_key, **change))  # type: ignore[arg-type] # one of two ways to damage it
    claim = store.get(OPS, REQUEST.claim_key)

    assert claim is not None
    assert is_valid(claim, START + 30 * DAY)
    assert not claimed(store, START + 30 * DAY, "second")


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
