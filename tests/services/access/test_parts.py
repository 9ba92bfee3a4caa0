"""Requests of several transactions: no failure says that nothing was written when a part was; on both engines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commercive_cli.domain.answers.affiliates import FormURLSet
from commercive_cli.domain.errors import CommerciveError, NotTaken, Unauthenticated
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.snoozing import all_due
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.services.records.idempotency import keyed, once_outside
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS
from commercive_cli.store.writes import Put
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

BUSY = "the store is busy; this write was not made, try again"


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


def refuse() -> None:
    raise NotTaken(BUSY)


def busy_after(store: Store, transactions: int) -> Intervening:
    """Return a store that makes as many transactions, refuses the next one, and works again."""
    busy = Intervening(store)
    for _ in range(transactions):
        busy.before("transact", lambda: None)
    busy.before("transact", refuse)
    return busy


def unread(store: Store, clock: ManualClock) -> Callable[[Store], object]:
    chat = ChatService(store, clock)
    name = chat.send("user-1", "Hello").conversation_id
    for number in range(120):
        chat.reply(name, "ann", f"answer {number}")
    return lambda busy: ChatService(busy, clock).mark_read(name, "user", key="k")


def many_links(store: Store, clock: ManualClock) -> Callable[[Store], object]:
    AffiliateService(store, clock).create_link("aff-1", "old@example.com", "shop.example")
    [link] = rows(store, AFFILIATE_LINKS)
    store.batch_put(AFFILIATE_LINKS, [{**link, "link_id": f"LINK{number:04}"} for number in range(100)])
    return lambda busy: AffiliateService(busy, clock).set_email("aff-1", "new@example.com", "root", key="k")


def wrong_stats(store: Store, clock: ManualClock) -> Callable[[Store], object]:
    store.transact(*(Put(AFFILIATE_STATS, {"affiliate_id": each, "total_leads": 3}) for each in ("aff-1", "aff-2")))
    return lambda busy: RecomputeService(busy, clock, sleep=lambda _: None).all("root")


def person(store: Store, clock: ManualClock) -> Callable[[Store], object]:
    ChatService(store, clock).send("user-1", "Hello")
    return lambda busy: PrivacyService(busy, clock).erase("user-1", "root")


def outside(_: Store, clock: ManualClock) -> Callable[[Store], object]:
    request, done = keyed("affiliates/sync", "root", "k", "aff-1"), list[str]()

    def carry_out() -> FormURLSet:
        done.append("shown")
        return FormURLSet(affiliate_id="aff-1", before=None, form_url="https://a.example", changed=True)

    return lambda busy: once_outside(busy, clock, request, FormURLSet, carry_out)


@pytest.mark.parametrize(
    ("begin", "transactions", "said"),
    [
        (unread, 1, "messages marked read: 98, and that stays; then: "),
        (many_links, 1, "links with the new address: 98, and that stays; then: "),
        (wrong_stats, 1, "affiliates corrected: 1, and that stays; then: "),
        (person, 2, "items erased: 1, and that stays; then: "),
        (outside, 0, "it is done, but for the claim of its key, and that stays; then: "),
    ],
)
def test_what_was_done_before_is_said(
    store: Store,
    clock: ManualClock,
    begin: Callable[[Store, ManualClock], Callable[[Store], object]],
    transactions: int,
    said: str,
) -> None:
    """How much of it stays, then why it went no further; the same again does the rest."""
    run = begin(store, clock)
    with pytest.raises(NotTaken) as refused:
        run(busy_after(store, transactions))

    assert f"{said}{BUSY}" == refused.value.message == str(refused.value)
    assert refused.value.partly_done
    run(store)
    assert [] == errors_in(store)


@pytest.mark.parametrize("begin", [unread, many_links, wrong_stats])
def test_where_nothing_was_done_nothing_is_said(
    store: Store, clock: ManualClock, begin: Callable[[Store, ManualClock], Callable[[Store], object]]
) -> None:
    """The first transaction is refused: the error is the store's own, and nothing is written."""
    run, before = begin(store, clock), everything(store)
    with pytest.raises(NotTaken) as refused:
        run(busy_after(store, 0))

    assert (BUSY, False, before) == (refused.value.message, refused.value.partly_done, everything(store))


def test_every_kind_of_failure_says_it() -> None:
    """Credentials that expire in between are still told as such."""
    with (
        pytest.raises(Unauthenticated, match=r"^half of it, and that stays; then: expired$"),
        after_a_part(lambda: "half of it"),
    ):
        raise Unauthenticated("expired")


def test_a_claim_that_was_made_is_told(store: Store, clock: ManualClock) -> None:
    """Whatever becomes of what is due beside it: the answer is the claim, and the next command moves what is due."""
    chat = ChatService(store, clock)
    names = [chat.send(f"user-{number}", "Hello").conversation_id for number in range(2)]
    until = DeskService(chat).snooze(names[1], "mira", START + 60_000).until
    clock.now = until + 1
    claimed = DeskService(ChatService(busy_after(store, 1), clock)).claim_next("ann")

    assert claimed is not None
    assert names[0] == claimed.conversation_id
    assert [names[1]] == [snooze.conversation_id for snooze in all_due(store, clock.now)]


def test_errors_of_ours_carry_their_message() -> None:
    """As text, too, when somebody has added to it."""
    error = CommerciveError("one")
    error.message = "two"

    assert "two" == str(error)
