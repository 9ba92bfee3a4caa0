"""Claims: one holder at a time, for as long as was asked, and no answer into somebody else's."""

import pytest

from commercive_cli.domain.errors import Conflict, HeldByOther, Invalid, NotFound
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.claims import claim_key, held_by, read_claims
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.items import OtherValue
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, OPS
from commercive_cli.store.writes import Delete
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import START, Intervening, ManualClock, Reticent
from tests.services.raw_data import errors_in, everything, rows

MINUTE = 60_000


@pytest.fixture
def desk(chat: ChatService) -> DeskService:
    return DeskService(chat)


@pytest.fixture
def meddled_desk(meddled: Intervening, clock: ManualClock) -> DeskService:
    """Return a desk between whose requests others can act."""
    return DeskService(ChatService(meddled, clock))


@pytest.fixture
def name(chat: ChatService) -> str:
    return chat.send("user-1", "Hello").conversation_id


def holder(store: Store, clock: ManualClock, name: str) -> str | None:
    claim = read_claims(store, [name], clock.now)[name].valid
    return claim.holder if claim else None


def held(store: Store, clock: ManualClock, who: str) -> list[str]:
    return [claim.conversation_id for claim in held_by(store, who, clock.now)]


@pytest.mark.parametrize("imported", [False, True])
def test_a_claim_holds_for_as_long_as_was_asked(
    desk: DeskService, store: Store, clock: ManualClock, name: str, imported: bool
) -> None:
    """To the millisecond; then others may claim. Conversations of the old system are claimed alike."""
    if imported:
        import_thread(store)
        name = V4
    claimed = desk.claim(name, "mira", duration=MINUTE)
    clock.now = claimed.until - 1
    with pytest.raises(HeldByOther, match=r"is held by mira for 1 more minute; .*--steal"):
        desk.claim(name, "jonas")
    clock.now = claimed.until

    assert [] == held(store, clock, "mira")
    assert "jonas" == desk.claim(name, "jonas").holder
    assert [name] == held(store, clock, "jonas")


def test_claiming_ones_own_again_renews_it(desk: DeskService, clock: ManualClock, name: str) -> None:
    """From now on, whether that is longer or shorter."""
    desk.claim(name, "mira")
    clock.now = START + 10 * MINUTE

    assert START + 20 * MINUTE == desk.claim(name, "mira", duration=10 * MINUTE).until


def test_a_stolen_claim_is_no_longer_the_others(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """Who lost it finds it in no list of theirs, and cannot release it; the history tells who took it from whom."""
    desk.claim(name, "mira")
    desk.claim(name, "jonas", steal=True)

    assert ([], [name]) == (held(store, clock, "mira"), held(store, clock, "jonas"))
    with pytest.raises(HeldByOther, match="held by jonas"):
        desk.release(name, "mira")
    told = [(row.event, row.actor, dict(row.before), dict(row.after)) for row in desk.chat.history(name).history]
    assert [
        ("claim", "mira", {}, {"holder": "mira"}),
        ("claim", "jonas", {"holder": "mira"}, {"holder": "jonas"}),
    ] == told


def test_what_is_released_is_free(desk: DeskService, store: Store, name: str) -> None:
    """Nothing of the claim is left, and releasing again changes nothing."""
    desk.claim(name, "mira")

    assert desk.release(name, "mira").changed
    assert not desk.release(name, "mira").changed
    assert [] == [row for row in rows(store, OPS) if row["pk"].startswith(("claim#", "held#"))]
    assert "jonas" == desk.claim(name, "jonas").holder


def test_an_expired_claim_of_another_is_nobodys(desk: DeskService, clock: ManualClock, name: str) -> None:
    """Releasing what its holder let run out says that nobody holds it."""
    desk.claim(name, "mira", duration=MINUTE)
    clock.advance(MINUTE)

    assert not desk.release(name, "jonas").changed


@pytest.mark.parametrize("duration", [0, MINUTE - 1, 24 * 60 * MINUTE + 1])
def test_the_length_of_a_claim_is_bounded(desk: DeskService, store: Store, name: str, duration: int) -> None:
    """From a minute to a day; nothing is written otherwise."""
    before = everything(store)
    with pytest.raises(Invalid, match="1 minute to 24 hours"):
        desk.claim(name, "mira", duration=duration)

    assert before == everything(store)


def test_what_is_closed_or_not_there_cannot_be_claimed(desk: DeskService, store: Store, name: str) -> None:
    """Nothing is written."""
    desk.chat.close(name, "admin-1")
    before = everything(store)
    with pytest.raises(Conflict, match="is closed"):
        desk.claim(name, "mira")
    for action in (desk.claim, desk.release):
        with pytest.raises(NotFound):
            action("no-such", "mira")

    assert before == everything(store)


def test_what_is_closed_meanwhile_is_not_claimed(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """The claim and the look at the conversation are one write."""
    meddled.before("transact", lambda: desk.chat.close(name, "admin-1"))
    with pytest.raises(Conflict, match="is closed"):
        meddled_desk.claim(name, "mira")

    assert holder(store, clock, name) is None


def test_what_is_deleted_meanwhile_is_not_claimed(
    meddled_desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """An archive takes the conversation away."""
    [item] = rows(store, CONVERSATIONS)
    meddled.before("transact", lambda: store.transact(Delete(CONVERSATIONS, CONVERSATIONS.key_of(item))))
    with pytest.raises(NotFound):
        meddled_desk.claim(name, "mira")

    assert holder(store, clock, name) is None


@pytest.mark.parametrize("first", ["nobody", "expired", "stolen"])
def test_of_two_who_claim_at_once_one_holds_it(
    desk: DeskService,
    meddled_desk: DeskService,
    meddled: Intervening,
    store: Store,
    clock: ManualClock,
    name: str,
    first: str,
) -> None:
    """Whoever comes second is told who came first: at a free one, an expired one, and with --steal a third one's."""
    if first != "nobody":
        desk.claim(name, "ann", duration=MINUTE)
    clock.advance(MINUTE if first == "expired" else 0)
    meddled.before("transact", lambda: desk.claim(name, "jonas", steal=first == "stolen"))
    if first == "stolen":
        meddled_desk.claim(name, "mira", steal=True)
    else:
        with pytest.raises(HeldByOther, match="held by jonas"):
            meddled_desk.claim(name, "mira")

    last = "mira" if first == "stolen" else "jonas"
    assert last == holder(store, clock, name)
    told = [row.before.get("holder") for row in desk.chat.history(name).history if row.actor == last]
    assert ["jonas" if first == "stolen" else None] == told


def test_a_release_ends_no_claim_of_another(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """Also when it was taken over a moment before."""
    desk.claim(name, "mira")
    meddled.before("transact", lambda: desk.claim(name, "jonas", steal=True))
    with pytest.raises(HeldByOther):
        meddled_desk.release(name, "mira")

    assert "jonas" == holder(store, clock, name)


@pytest.mark.parametrize("action", ["claim", "release"])
def test_a_repeated_request_with_a_key_changes_nothing(
    desk: DeskService, store: Store, clock: ManualClock, name: str, action: str
) -> None:
    """It gets the first answer, whoever holds the conversation by then."""
    desk.claim(name, "mira")
    first = getattr(desk, action)(name, "mira", key="k")
    desk.claim(name, "jonas", steal=True)

    assert first == getattr(desk, action)(name, "mira", key="k")
    assert "jonas" == holder(store, clock, name)


def test_no_reply_goes_into_a_claim_of_another(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """It is refused and nothing is written; the holder's goes through and ends the claim."""
    desk.claim(name, "mira")
    before = everything(store)
    with pytest.raises(HeldByOther, match=r"held by mira for 15 more minutes.*--steal"):
        desk.chat.reply(name, "jonas", "Hi", heed_claims=True, key="k")
    with pytest.raises(HeldByOther):
        desk.chat.before_reply(name, tail=1, heeding="jonas")

    assert before == everything(store)
    desk.chat.before_reply(name, tail=1, heeding="mira")
    desk.chat.reply(name, "mira", "Hi", heed_claims=True)
    assert holder(store, clock, name) is None
    assert [] == held(store, clock, "mira")
    assert "jonas" == desk.claim(name, "jonas").holder


def test_a_reply_that_heeds_no_claims_ends_them(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """As the dashboard's, which knows none, and one with --steal."""
    desk.claim(name, "mira")
    desk.chat.reply(name, "jonas", "Hi")

    assert holder(store, clock, name) is None
    assert [] == held(store, clock, "mira")
    assert [] == errors_in(store)


def test_a_reply_goes_into_a_claim_that_has_expired(desk: DeskService, clock: ManualClock, name: str) -> None:
    """From its last moment on, also before anything has removed it."""
    until = desk.claim(name, "mira", duration=MINUTE).until
    clock.step, clock.now = 0, until - 1
    with pytest.raises(HeldByOther):
        desk.chat.reply(name, "jonas", "Hi", heed_claims=True)
    clock.now = until

    assert until == desk.chat.reply(name, "jonas", "Hi", heed_claims=True).created_at


@pytest.mark.parametrize("until", [None, "soon", True, OtherValue("SS", ("a",)), {"at": 1}])
def test_what_is_no_claim_keeps_nobody_away(
    desk: DeskService, store: Store, clock: ManualClock, name: str, until: object
) -> None:
    """What another program left in the place of a claim refuses no answer and no putting off."""
    odd = {**claim_key(name), "a": 5} | ({} if until is None else {"until": until})
    store.batch_put(OPS, [odd])
    desk.chat.reply(name, "mira", "Hi", heed_claims=True)
    desk.chat.send("user-1", "again", conversation_id=name)
    store.batch_put(OPS, [odd])
    desk.snooze(name, "mira", clock.now + 9 * MINUTE)
    store.batch_put(OPS, [odd])
    desk.claim(name, "mira")

    assert "mira" == holder(store, clock, name)


def test_who_claims_in_the_place_of_what_is_no_claim_is_heeded(
    desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """An answer that was held up by what another program left there ends no claim that is made meanwhile."""
    store.batch_put(OPS, [{**claim_key(name), "until": "soon"}])
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: desk.claim(name, "mira"))
    with pytest.raises(HeldByOther):
        ChatService(meddled, clock).reply(name, "jonas", "Hi", heed_claims=True)

    assert "mira" == holder(store, clock, name)


def test_a_claim_that_the_store_drops_meanwhile_costs_nobody_their_place(
    desk: DeskService, meddled_desk: DeskService, meddled: Intervening, store: Store, clock: ManualClock, name: str
) -> None:
    """Stores drop what has expired whenever they like; who has waited longest is next all the same."""
    desk.claim(name, "mira", duration=MINUTE)
    desk.chat.send("user-2", "Hello")
    clock.advance(MINUTE)
    meddled.before("transact", lambda: store.transact(Delete(OPS, claim_key(name))))
    claimed = meddled_desk.claim_next("jonas")

    assert claimed is not None
    assert name == claimed.conversation_id


def test_a_message_of_a_clock_ahead_ends_no_claim(desk: DeskService, store: Store, clock: ManualClock) -> None:
    """A reply gets a time behind the last message's; whether a claim has expired, the clock alone tells."""
    ahead = ChatService(store, ManualClock(START + 60 * MINUTE))
    name = ahead.send("user-1", "Hello").conversation_id
    desk.claim(name, "mira")
    with pytest.raises(HeldByOther):
        desk.chat.reply(name, "jonas", "Hi", heed_claims=True)

    assert "mira" == holder(store, clock, name)


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("told", [Intervening, Reticent])
def test_a_claim_that_comes_first_refuses_the_reply(
    desk: DeskService, store: Store, clock: ManualClock, name: str, key: str | None, told: type[Intervening]
) -> None:
    """The look at the claim is part of the write, also where the engine tells one reason alone."""
    meddled = told(store)
    meddled.before("transact", lambda: desk.claim(name, "mira"))
    with pytest.raises(HeldByOther):
        ChatService(meddled, clock).reply(name, "jonas", "Hi", heed_claims=True, key=key)

    assert ["Hello"] == [message.message_text for message in desk.chat.messages(name).messages]
    assert "mira" == holder(store, clock, name)


def test_a_reply_that_came_through_gets_its_answer_again(desk: DeskService, name: str) -> None:
    """A retry with the same key is no second answer, even if somebody else holds the conversation by now."""
    first = desk.chat.reply(name, "jonas", "Hi", heed_claims=True, key="k")
    desk.claim(name, "mira")

    assert first == desk.chat.reply(name, "jonas", "Hi", heed_claims=True, key="k")


@pytest.mark.parametrize("sender", ["user", "machine"])
def test_only_a_person_who_answers_ends_a_claim(
    desk: DeskService, store: Store, clock: ManualClock, name: str, sender: str
) -> None:
    """The user's next message and an automatic answer leave it to whoever holds it."""
    desk.claim(name, "mira")
    if sender == "user":
        desk.chat.send("user-1", "more", conversation_id=name)
    else:
        desk.chat.answer(name, "Soon", if_last=str(desk.chat.conversation(name).last_message_id))

    assert "mira" == holder(store, clock, name)


def test_closing_ends_a_claim(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """Nobody works on what is closed; opened again, it is free."""
    desk.claim(name, "mira")
    desk.chat.close(name, "jonas")
    desk.chat.reopen(name, "jonas")

    assert holder(store, clock, name) is None


def test_the_books_stay_right(desk: DeskService, store: Store, clock: ManualClock, name: str) -> None:
    """Claims, however often they change hands and however wrong a clock, are no state that the audit looks for."""
    ahead = DeskService(ChatService(store, ManualClock(START + 60 * MINUTE)))
    ahead.claim(name, "mira")
    desk.claim(name, "jonas", steal=True)
    desk.release(name, "jonas")
    desk.chat.close(name, "jonas")

    assert [] == AuditService(store, clock).run("admin-1").findings
    assert [] == errors_in(store)
    assert {"claim", "release", "close"} == {row.event for row in desk.chat.history(name).history}
