"""Leads: submitting them with a code in any spelling, deciding them, listing them, and conflicting decisions."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, NotTaken
from commercive_cli.domain.ids import first_id
from commercive_cli.domain.models import LEAD_STATUSES, ORDER_VOLUMES, DecidedStatus, Lead
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS
from tests.services.fakes import START, Codes, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import errors_in, everything, rows

FORM = {
    "name": "Jane Doe",
    "email": "jane@example.com",
    "phone": "+1 (555) 010-9999",
    "product_link": "shop.example/p/1",
    "order_volume": "5-20",
    "pending_orders": 3,
}


def form(**changes: Any) -> dict[str, Any]:
    return FORM | changes


def counts(leads: LeadService, lead_id: str) -> tuple[int, int, int, int, Decimal]:
    return leads.show(lead_id).stats.counts()


def decide(leads: LeadService, lead_id: str, status: DecidedStatus, amount: str | None, **more: Any) -> bool:
    commission = amount if status == "approved" else None
    return leads.decide(lead_id, status, "admin-1", commission=commission, **more).changed


def test_a_submitted_lead_is_pending_and_counted(
    leads: LeadService, code: str, store: Store, clock: ManualClock
) -> None:
    """A visitor's form becomes a pending lead of the affiliate behind the code, and counts at once."""
    clock.now = START
    lead_id = leads.submit(code, FORM).lead_id
    shown = leads.show(lead_id)

    assert {
        "lead_id": lead_id,
        "affiliate_id": "aff-1",
        "link_id": code,
        "status": "pending",
        "lead_name": "Jane Doe",
        "lead_email": "jane@example.com",
        "lead_phone": "+1 (555) 010-9999",
        "product_link": "shop.example/p/1",
        "order_volume": "5-20",
        "pending_orders": "3",
        "created_at": START,
        "updated_at": START,
    } == shown.lead.item()
    assert (1, 0, 1, 0, Decimal("0.00")) == shown.stats.counts()
    assert START == shown.stats.last_updated
    assert [] == leads.history(lead_id).history
    assert [] == errors_in(store)


@pytest.mark.parametrize("typed", ["ABC10XYZ", "abc10xyz", " AbC1-0xYz\n", "ABC10XYZ&utm=1", "\u200bABC10XYZ"])
def test_a_code_is_accepted_as_typed(leads: LeadService, code: str, typed: str) -> None:
    """Case, separators, parameters and unseen characters: all credit the right affiliate, under the code itself."""
    lead = leads.lead(leads.submit(typed, FORM).lead_id)

    assert ("aff-1", code) == (lead.affiliate_id, lead.link_id)


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize("typed", ["ABC10XY", "ABC10XYZ0", "x", "*" * 128])
def test_an_unknown_code_is_not_found(leads: LeadService, store: Store, typed: str) -> None:
    """An unknown code raises NotFound, and nothing is written."""
    before = everything(store)

    with pytest.raises(NotFound):
        leads.submit(typed, FORM)
    assert before == everything(store)


def test_links_made_elsewhere_are_credited(leads: LeadService, store: Store) -> None:
    """A link from the old system works with its code exactly as it is spelled."""
    link = {"affiliate_id": "old", "link_id": "o-Ld 1", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [link])
    lead = leads.lead(leads.submit("o-Ld 1", FORM).lead_id)

    assert ("old", "o-Ld 1") == (lead.affiliate_id, lead.link_id)
    with pytest.raises(NotFound):
        leads.submit("O-LD 1", FORM)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 201),
        ("name", "a\0"),
        ("name", 5),
        ("email", "nobody"),
        ("email", None),
        ("email", "x" * 250 + "@y.example"),
        ("phone", "1" * 41),
        ("phone", 5),
        ("product_link", "javascript:alert(1)"),
        ("product_link", "x" * 2049),
        ("order_volume", "5-2O"),
        ("order_volume", "many"),
        ("order_volume", True),
        ("order_volume", ["0"]),
        ("pending_orders", "9" * 21),
        ("pending_orders", 2.5),
        ("pending_orders", True),
        ("business_name", "x" * 201),
        ("business_name", 5),
    ],
)
def test_a_bad_field_is_named(leads: LeadService, code: str, store: Store, field: str, value: object) -> None:
    """A form with one bad field is refused with the field's name, and nothing is written."""
    before = everything(store)

    with pytest.raises(Invalid) as refused:
        leads.submit(code, form(**{field: value}))
    assert field == refused.value.field
    assert before == everything(store)


@pytest.mark.parametrize("data", [None, "text", 5, [], [("name", "x")]])
def test_a_form_is_an_object(leads: LeadService, code: str, data: object) -> None:
    """A form that is not an object is refused."""
    with pytest.raises(Invalid, match="lead_data"):
        leads.submit(code, data)


@pytest.mark.parametrize("missing", ["phone", "product_link", "order_volume", "pending_orders"])
def test_what_is_not_needed_may_be_missing(leads: LeadService, code: str, missing: str) -> None:
    """Phone, link, volume and pending orders may be left out, null or empty; fields that nobody knows are ignored."""
    for data in (
        {name: value for name, value in FORM.items() if name != missing},
        form(**{missing: None}),
        form(**{missing: ""}),
        form(**{missing: ""}, status="approved", commission_amount=5, affiliate_id="me"),
    ):
        lead = leads.lead(leads.submit(code, data).lead_id)
        attribute = f"lead_{missing}" if missing == "phone" else missing
        assert "" == getattr(lead, attribute)
        assert ("aff-1", "pending", None) == (lead.affiliate_id, lead.status, lead.commission_amount)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [*((v, v) for v in ORDER_VOLUMES), ("5\u201320", "5-20"), ("1 \u2014 5", "1-5"), (0, "0")],
)
def test_an_order_volume_is_read_as_typed(leads: LeadService, code: str, typed: object, stored: str) -> None:
    """Every documented volume is accepted, with any dash and with spaces around it."""
    assert stored == leads.lead(leads.submit(code, form(order_volume=typed)).lead_id).order_volume


def test_a_repeated_submission_counts_once(leads: LeadService, code: str, store: Store, clock: ManualClock) -> None:
    """A form sent again with its key is the first lead again; with another body, a conflict; after 7 days, new."""
    first = leads.submit(code, FORM, key="k")
    before = everything(store)

    assert first == leads.submit(code.lower(), FORM, key="k")
    with pytest.raises(Conflict, match="key 'k'"):
        leads.submit(code, form(name="Joan"), key="k")
    assert before == everything(store)
    a_week_passes(store, clock)
    assert first != leads.submit(code, FORM, key="k")
    assert [] == errors_in(store)


def test_two_equal_submissions_at_once(
    leads: LeadService, code: str, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """Two equal submissions at once store one lead and get the same answer."""
    first = []
    meddled.before("transact", lambda: first.append(leads.submit(code, FORM, key="k")))

    assert LeadService(meddled, clock).submit(code, FORM, key="k") == first[0]
    assert 1 == len(leads.list_leads(LeadFilter()).leads)
    assert [] == errors_in(store)


def test_an_id_that_exists_is_no_lost_lead(code: str, store: Store, clock: ManualClock) -> None:
    """If an id repeated, submitting would raise Unavailable and overwrite nothing."""
    clock.step = 0
    leads = LeadService(store, clock, lambda _at: "the-same")
    leads.submit(code, FORM)
    before = everything(store)

    with pytest.raises(NotTaken, match="not stored"):
        leads.submit(code, form(name="Joan"))
    assert before == everything(store)


MATRIX = [
    # before, decision, amend, changed (None: a conflict)
    ("pending", "approved 10", False, True),
    ("pending", "rejected", False, True),
    ("pending", "approved 10", True, True),
    ("pending", "pending", True, False),
    ("approved 10", "approved 10", False, False),
    ("approved 10", "approved 10", True, False),
    ("approved 10", "approved 20", False, None),
    ("approved 10", "approved 20", True, True),
    ("approved 10", "rejected", False, None),
    ("approved 10", "rejected", True, True),
    ("approved 10", "pending", True, True),
    ("rejected", "rejected", False, False),
    ("rejected", "rejected", True, False),
    ("rejected", "approved 10", False, None),
    ("rejected", "approved 10", True, True),
    ("rejected", "pending", True, True),
]


def bring(leads: LeadService, lead_id: str, state: str, *, amend: bool = False) -> bool:
    """Give a lead a state such as `approved 10`; return whether that changed it."""
    status, _, amount = state.partition(" ")
    if status == "pending":
        return leads.reset(lead_id, "admin-1").changed
    decision: DecidedStatus = "approved" if status == "approved" else "rejected"
    return leads.decide(lead_id, decision, "admin-1", commission=amount or None, amend=amend).changed


@pytest.mark.parametrize(("before", "decision", "amend", "changed"), MATRIX)
def test_what_a_decision_does(
    leads: LeadService, code: str, store: Store, before: str, decision: str, amend: bool, changed: bool | None
) -> None:
    """The same decision again changes nothing, another one needs `amend`, and the stats are exact to the cent."""
    lead_id = leads.submit(code, FORM).lead_id
    bring(leads, lead_id, before)
    rows = len(leads.history(lead_id).history)
    books = everything(store)
    if changed is None:
        with pytest.raises(Conflict, match=r'decide with --amend \(in the API "amend": true\)'):
            bring(leads, lead_id, decision, amend=amend)
        assert books == everything(store)
        return

    assert changed == bring(leads, lead_id, decision, amend=amend)
    assert changed == (books != everything(store))
    status, _, amount = decision.partition(" ")
    lead = leads.lead(lead_id)
    commission = Decimal(amount) if amount else None
    assert (status, commission) == (lead.status, lead.commission_amount)
    assert (1, *(int(status == s) for s in ("approved", "pending", "rejected"))) == counts(leads, lead_id)[:4]
    assert (commission or 0) == counts(leads, lead_id)[4]
    assert rows + changed == len(leads.history(lead_id).history)
    assert [] == errors_in(store)


def test_a_decision_says_who_and_when(leads: LeadService, code: str, clock: ManualClock) -> None:
    """A decided lead shows its admin, time and notes; a reset drops admin and time and keeps the notes."""
    lead_id = leads.submit(code, FORM).lead_id
    clock.now = START + 1_000
    decided = leads.decide(lead_id, "approved", "admin-1", commission="25.5", notes=" good ").lead
    clock.now = START + 2_000
    reset = leads.reset(lead_id, "admin-2").lead

    assert decided.model_dump() == leads.lead(lead_id).model_dump() | {
        "status": "approved",
        "commission_amount": Decimal("25.50"),
        "admin_notes": "good",
        "reviewed_by": "admin-1",
        "reviewed_at": START + 1_000,
        "updated_at": START + 1_000,
    }
    assert reset == leads.lead(lead_id)
    assert (None, None, "good", None) == (
        reset.reviewed_by,
        reset.reviewed_at,
        reset.admin_notes,
        reset.commission_amount,
    )
    assert [
        (
            START + 1_000,
            "admin-1",
            "approve",
            {"status": "pending"},
            {"status": "approved", "commission_amount": Decimal("25.50")},
        ),
        (
            START + 2_000,
            "admin-2",
            "reset",
            {"status": "approved", "commission_amount": Decimal("25.50")},
            {"status": "pending"},
        ),
    ] == [(row.at, row.actor, row.event, row.before, row.after) for row in leads.history(lead_id).history]


def test_a_rejection_says_why(leads: LeadService, code: str, store: Store) -> None:
    """The reason stands in the lead and in the answer, beside the notes; only a rejection may give one."""
    lead_id = leads.submit(code, FORM).lead_id
    before = everything(store)
    with pytest.raises(Invalid, match="with a rejection only"):
        leads.decide(lead_id, "approved", "admin-1", commission=1, reason="Volume too low")
    with pytest.raises(Invalid, match="rejection_reason has 2,001"):
        leads.decide(lead_id, "rejected", "admin-1", reason="x" * 2_001)
    assert before == everything(store)

    rejected = leads.decide(lead_id, "rejected", "admin-1", reason=" Volume too low ", notes="polite")

    assert ("Volume too low", "polite", "rejected") == (
        rejected.lead.rejection_reason,
        rejected.lead.admin_notes,
        rejected.new_status,
    )
    assert rejected.lead == leads.lead(lead_id)


@pytest.mark.parametrize("way_back", ["reset", "approve"])
def test_the_reason_goes_when_the_rejection_does(leads: LeadService, code: str, store: Store, way_back: str) -> None:
    """An approved or pending lead does not tell why it was rejected; another reason for a rejection replaces it."""
    lead_id = leads.submit(code, FORM).lead_id
    leads.decide(lead_id, "rejected", "admin-1", reason="Volume too low")

    assert leads.decide(lead_id, "rejected", "admin-1", reason="Other").changed
    assert "Other" == leads.lead(lead_id).rejection_reason
    amended = leads.decide(lead_id, "rejected", "admin-1", reason="Other", amend=True)
    assert not amended.changed
    kept = leads.decide(lead_id, "rejected", "admin-1", notes="hm", amend=True)
    assert ("Other", "hm") == (kept.lead.rejection_reason, kept.lead.admin_notes)

    if way_back == "reset":
        back = leads.reset(lead_id, "admin-1")
    else:
        back = leads.decide(lead_id, "approved", "admin-1", commission=5, amend=True)

    assert (None, "hm") == (back.lead.rejection_reason, back.lead.admin_notes)
    assert back.lead == leads.lead(lead_id)
    assert back.new_status == back.lead.status
    assert [] == errors_in(store)


def test_a_conflict_says_who_decided_what(leads: LeadService, code: str) -> None:
    """The error of a second, different decision names the first decision, its amount and its admin."""
    lead_id = leads.submit(code, FORM).lead_id
    leads.decide(lead_id, "approved", "maria", commission="1000.5")

    with pytest.raises(Conflict, match=r"approved for 1000\.50 USD by maria"):
        leads.decide(lead_id, "rejected", "tom")
    leads.decide(lead_id, "rejected", "tom", amend=True)
    with pytest.raises(Conflict, match="rejected by tom"):
        leads.decide(lead_id, "approved", "maria", commission="1000.5")


@pytest.mark.parametrize("amount", ["nan", "-1", "1e400", "10.005", "1,000", "1000000.01", 2.5, True, ""])
def test_a_bad_amount_decides_nothing(leads: LeadService, code: str, store: Store, amount: object) -> None:
    """An invalid amount is refused before anything is read or written."""
    lead_id = leads.submit(code, FORM).lead_id
    before = everything(store)

    with pytest.raises(Invalid, match="commission_amount"):
        leads.decide(lead_id, "approved", "admin-1", commission=amount)
    with pytest.raises(Invalid, match="is needed"):
        leads.decide(lead_id, "approved", "admin-1")
    with pytest.raises(Invalid, match="2,000"):
        leads.decide(lead_id, "rejected", "admin-1", notes="x" * 2_001)
    with pytest.raises(Invalid, match="actor"):
        leads.decide(lead_id, "rejected", "")
    assert before == everything(store)


def test_zero_is_a_commission(leads: LeadService, code: str, store: Store) -> None:
    """A lead may be approved with a commission of 0, which is stored."""
    lead_id = leads.submit(code, FORM).lead_id

    assert decide(leads, lead_id, "approved", "0")
    assert not decide(leads, lead_id, "approved", "0.00")
    assert Decimal("0.00") == leads.lead(lead_id).commission_amount
    assert [] == errors_in(store)


@pytest.mark.parametrize("amend", [False, True])
@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_new_words_for_a_decision_are_stored(
    leads: LeadService, code: str, store: Store, status: DecidedStatus, amend: bool
) -> None:
    """They come with a row and a later `updated_at`; who decided, the money and the stats stay."""
    lead_id = leads.submit(code, FORM).lead_id
    decide(leads, lead_id, status, "5", notes="one")
    before, stats = leads.lead(lead_id), rows(store, AFFILIATE_STATS)
    words: dict[str, Any] = {"notes": "two"} | ({"reason": "Volume too low"} if status == "rejected" else {})
    amount = "5" if status == "approved" else None
    noted = leads.decide(lead_id, status, "admin-2", commission=amount, amend=amend, **words).lead
    row = leads.history(lead_id).history[-1]

    assert noted == leads.lead(lead_id)
    assert noted.updated_at > before.updated_at
    stored = {"admin_notes": "two", "rejection_reason": words.get("reason"), "updated_at": noted.updated_at}
    assert before.model_copy(update=stored) == noted
    assert stats == rows(store, AFFILIATE_STATS)
    assert ("note", "admin-2", row.before, noted.updated_at) == (row.event, row.actor, row.after, row.at)
    assert not decide(leads, lead_id, status, "5", amend=amend, **words)
    assert not decide(leads, lead_id, status, "5", amend=amend)
    assert [] == errors_in(store)


def test_words_never_replace_those_of_another_state(leads: LeadService, code: str, meddled: Intervening) -> None:
    """Who adds notes to a decision that is taken back meanwhile hears of it, where the amount does not stand."""
    lead_id = leads.submit(code, FORM).lead_id
    decide(leads, lead_id, "approved", "5")
    meddled.before("transact", lambda: decide(leads, lead_id, "approved", "7", amend=True))

    with pytest.raises(Conflict, match=r"approved for 7\.00 USD"):
        decide(LeadService(meddled, leads.clock), lead_id, "approved", "5", notes="two")
    assert leads.lead(lead_id).admin_notes is None


def test_an_amount_that_means_nothing_is_named(leads: LeadService, code: str) -> None:
    """A rejection gives no money, and says that the amount that came with it was not used."""
    lead_id = leads.submit(code, FORM).lead_id

    for _ in range(2):
        assert ("commission_amount",) == leads.decide(lead_id, "rejected", "admin-1", commission="5").ignored
    assert () == leads.decide(lead_id, "rejected", "admin-1").ignored


def test_as_of_refuses_what_changed_since(leads: LeadService, code: str, store: Store) -> None:
    """A decision with `as_of` is refused when the lead changed since, even if it has the same status again."""
    lead_id = leads.submit(code, FORM).lead_id
    seen = leads.lead(lead_id).updated_at
    decide(leads, lead_id, "approved", "5")
    leads.reset(lead_id, "admin-2")
    before = everything(store)

    with pytest.raises(Conflict, match="changed since you looked at it: it is pending"):
        decide(leads, lead_id, "approved", "7", as_of=seen)
    assert before == everything(store)
    assert decide(leads, lead_id, "approved", "7", as_of=leads.lead(lead_id).updated_at)


@pytest.mark.parametrize("back", [False, True])
def test_as_of_holds_against_a_change_in_flight(
    leads: LeadService, code: str, meddled: Intervening, clock: ManualClock, store: Store, back: bool
) -> None:
    """A change between read and write refuses the decision, too, even one that was taken back."""

    def meddle() -> None:
        decide(leads, lead_id, "approved", "5")
        if back:
            leads.reset(lead_id, "admin-2")

    lead_id = leads.submit(code, FORM).lead_id
    seen = leads.lead(lead_id).updated_at
    meddled.before("transact", meddle)

    with pytest.raises(Conflict, match="changed since you looked at it"):
        decide(LeadService(meddled, clock), lead_id, "approved", "7", as_of=seen)
    assert [] == errors_in(store)


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome"),
    [
        ("approved 5", "approved 5", False),
        ("approved 5", "approved 6", None),
        ("approved 5", "rejected", None),
        ("rejected", "rejected", False),
    ],
)
def test_two_decisions_at_once(
    leads: LeadService,
    code: str,
    meddled: Intervening,
    clock: ManualClock,
    store: Store,
    mine: str,
    theirs: str,
    outcome: bool | None,
) -> None:
    """Of two decisions at once, one is stored; the other gets `changed` False when it is the same, else Conflict."""
    lead_id = leads.submit(code, FORM).lead_id
    meddled.before("transact", lambda: bring(leads, lead_id, theirs))
    if outcome is None:
        with pytest.raises(Conflict, match="by admin-1"):
            bring(LeadService(meddled, clock), lead_id, mine)
    else:
        assert outcome == bring(LeadService(meddled, clock), lead_id, mine)

    status = leads.lead(lead_id).status
    assert theirs.startswith(status)
    assert [] == errors_in(store)


def test_notes_in_flight_are_not_lost_in_the_answer(
    leads: LeadService, code: str, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """The answer to a decision is the lead as it is stored, also when notes were amended in between."""
    lead_id = leads.submit(code, FORM).lead_id
    decide(leads, lead_id, "approved", "5", notes="one")
    meddled.before("transact", lambda: decide(leads, lead_id, "approved", "5", notes="two", amend=True))
    answer = LeadService(meddled, clock).decide(lead_id, "approved", "admin-2", commission="6", amend=True)

    assert leads.lead(lead_id) == answer.lead
    assert [] == errors_in(store)


def test_a_lead_changes_its_time_on_every_decision(leads: LeadService, code: str, clock: ManualClock) -> None:
    """`updated_at` increases with every change, even when the clock runs backwards, so `as_of` identifies a state."""
    lead_id = leads.submit(code, FORM).lead_id
    times = [leads.lead(lead_id).updated_at]
    for amount in ("1", "2", "3"):
        clock.advance(-1_000)
        decide(leads, lead_id, "approved", amount, amend=True)
        times.append(leads.lead(lead_id).updated_at)

    assert sorted(set(times)) == times
    assert ["1", "2", "3"] == [f"{row.after['commission_amount']:.0f}" for row in leads.history(lead_id).history]


@pytest.mark.parametrize("name", ["no-such", first_id(START)])
def test_an_unknown_lead_is_not_found(leads: LeadService, store: Store, name: str) -> None:
    """Every operation on an unknown lead raises NotFound and writes nothing."""
    before = everything(store)
    attempts: list[Callable[[], object]] = [
        lambda: leads.lead(name),
        lambda: leads.show(name),
        lambda: leads.history(name),
        lambda: leads.reset(name, "admin-1"),
        lambda: leads.decide(name, "rejected", "admin-1"),
        lambda: leads.decide(name, "approved", "admin-1", commission="5", amend=True, as_of=1),
    ]

    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert before == everything(store)


@pytest.mark.parametrize("lead_id", ["4c9e1d2f-legacy", first_id(START + 5)])
def test_an_imported_lead_is_decided_like_any_other(leads: LeadService, store: Store, lead_id: str) -> None:
    """Leads with ids of another shape, or whose id tells another time, are found and decided, and their stats kept."""
    lead = Lead(lead_id=lead_id, affiliate_id="old", link_id="l", status="pending", created_at=7, updated_at=7)
    store.batch_put(LEADS, [lead.item()])
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "old", "total_leads": 1, "pending_leads": 1}])

    assert decide(leads, lead_id, "approved", "12.34")
    assert leads.lead(lead_id).created_at == 7
    assert (1, 1, 0, 0, Decimal("12.34")) == counts(leads, lead_id)
    assert leads.reset(lead_id, "admin-1").changed
    assert (1, 0, 1, 0, Decimal("0.00")) == counts(leads, lead_id)
    assert [] == errors_in(store)


def test_lead_filters(leads: LeadService, store: Store, clock: ManualClock) -> None:
    """Status, affiliate, link, text and times narrow a list, alone and together."""
    affiliates = AffiliateService(store, clock, Codes("AAAA0000", "BBBB0000"))
    a = affiliates.create_link("aff-a", "a@example.com").link_id
    b = affiliates.create_link("aff-b", "b@example.com").link_id
    ids = []
    for number, link in enumerate((a, b, a, b)):
        clock.now = START + number * 1_000
        ids.append(leads.submit(link, form(name=f"Größe {number}", email=f"n{number}@example.com")).lead_id)
    decide(leads, ids[0], "approved", "1")
    decide(leads, ids[1], "rejected", None)

    def listed(**wanted: Any) -> list[int]:
        return [ids.index(lead.lead_id) for lead in leads.list_leads(LeadFilter(**wanted)).leads]

    assert [3, 2, 1, 0] == listed()
    assert [3, 2] == listed(status="pending")
    assert [0] == listed(status="approved")
    assert [2, 0] == listed(affiliate_id="aff-a")
    assert [3, 1] == listed(link_id=b) == listed(link_id=f"https://x.example/f?ref={b.lower()}&utm=1")
    assert [] == listed(link_id="GONE")
    assert [1] == listed(affiliate_id="aff-b", link_id=b, status="rejected")
    assert [] == listed(affiliate_id="aff-a", link_id=b)
    assert [2] == listed(search="GRÖSSE 2")
    assert [2] == listed(search="GRO\u0308SSE 2")
    assert [1] == listed(search="N1@EXAMPLE")
    assert [2, 1] == listed(since=START + 1_000, until=START + 2_000)
    assert [0] == listed(until=START, status="all")
    with pytest.raises(Invalid, match="did you mean pending"):
        leads.list_leads(LeadFilter("pendng"))
    with pytest.raises(Invalid):
        leads.list_leads(LeadFilter(affiliate_id="x" * 129))
    with pytest.raises(Invalid, match="link has 129 characters"):
        leads.list_leads(LeadFilter(link_id="x" * 129))
    for limit in (0, 501):
        with pytest.raises(Invalid, match="limit"):
            leads.list_leads(LeadFilter(), limit=limit)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(LEAD_STATUSES), st.integers(1, 3), st.booleans()), max_size=20),
    st.integers(1, 7),
    st.sampled_from(["all", *LEAD_STATUSES]),
    st.sampled_from([None, "a"]),
)
def test_lead_pages_neither_lose_nor_repeat(
    rows: list[tuple[str, int, bool]], limit: int, status: str, affiliate: str | None
) -> None:
    """Pages of leads merged from three statuses hold each once, newest first, also when times are equal."""
    with tempfile.TemporaryDirectory() as directory, closing(SQLiteStore(Path(directory) / "store.db")) as store:
        store.create_table(LEADS)
        items = [
            {
                "lead_id": f"l{number}",
                "affiliate_id": "a" if mine else "b",
                "link_id": "l",
                "status": state,
                "created_at": created,
                "updated_at": 9,
            }
            for number, (state, created, mine) in enumerate(rows)
        ]
        store.batch_put(LEADS, items)
        leads, wanted = LeadService(store), LeadFilter(status, affiliate_id=affiliate)
        found: list[Lead] = []
        cursor = None
        while True:
            page = leads.list_leads(wanted, limit=limit, cursor=cursor)
            found += page.leads
            if (cursor := page.next_cursor) is None:
                break
        expected = [i for i in items if status in ("all", i["status"]) and affiliate in (None, i["affiliate_id"])]

        assert sorted(str(item["lead_id"]) for item in expected) == sorted(lead.lead_id for lead in found)
        assert sorted((lead.created_at for lead in found), reverse=True) == [lead.created_at for lead in found]


def test_a_cursor_with_other_filters_is_refused(leads: LeadService, code: str) -> None:
    """A cursor is accepted with its own filter alone; with another filter it is refused."""
    for _ in range(3):
        leads.submit(code, FORM)
    cursor = leads.list_leads(LeadFilter(), limit=1).next_cursor

    for wanted in (
        LeadFilter("pending"),
        LeadFilter(affiliate_id="aff-1"),
        LeadFilter(search="x"),
        LeadFilter(since=1),
    ):
        with pytest.raises(Invalid, match="cursor"):
            leads.list_leads(wanted, cursor=cursor)
