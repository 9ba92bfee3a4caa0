"""The loop of `leads review` with scripted answers, over both engines: no decision is lost, doubled or overruled."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from commercive_cli.cli.render.review_screens import Card, Tally
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.review import Amounts, Review
from commercive_cli.cli.review_queue import ReviewQueue
from commercive_cli.domain.answers.leads import LeadDecided, LeadShown
from commercive_cli.domain.commissions import Most, NamedAmounts
from commercive_cli.domain.errors import Invalid, Unavailable
from commercive_cli.domain.models import Lead
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.flagging import FlagService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.privacy.service import PrivacyService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Delete
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import Codes, Intervening
from tests.services.raw_data import errors_in, everything

NAMED = NamedAmounts({"standard": Decimal("25.50"), "premium": Decimal(100)})
Answer = str | Callable[[], object]


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        AffiliateService(store, new_code=Codes("ABC10XYZ")).create_link("aff-1", "aff@example.com")
        yield store


@pytest.fixture
def leads(store: Store) -> LeadService:
    return LeadService(store)


class ScriptedDesk:
    """Answers from a list; between two answers a function of the list does what others do meanwhile."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.cards: list[Card] = []
        self.decided: list[Lead] = []
        self.told: list[str] = []
        self.roles: list[Role] = []
        self.questions: list[str] = []
        self.choices: list[Sequence[str]] = []

    def show(self, card: Card) -> None:
        self.cards.append(card)

    def show_decided(self, lead: Lead) -> None:
        self.decided.append(lead)

    def tell(self, words: str, role: Role = "") -> None:
        self.told.append(words)
        self.roles.append(role)

    def key(self, choices: Sequence[str]) -> str:
        said = self._next()
        self.choices.append(choices)
        assert said in choices
        return said

    def line(self, question: str) -> str:
        self.questions.append(question)
        return self._next()

    def write(self, call: Callable[[], LeadDecided]) -> LeadDecided:
        return call()

    def _next(self) -> str:
        while self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, str):
                return answer
            answer()
        raise EOFError

    @property
    def names(self) -> list[str]:
        return [card.shown.lead.lead_name for card in self.cards]


def review(
    store: Store,
    desk: ScriptedDesk,
    actor: str = "mira",
    *,
    skipped: Sequence[str] = (),
    on_skip: Callable[[str], None] = lambda _: None,
    leads: LeadService | None = None,
    unread: Sequence[bool] = (),
) -> Review:
    """Review to the end of the answers; `unread` says of the first cards which the store does not answer for."""
    service, keys = leads or LeadService(store), count()
    made = Review(
        service,
        Unanswered(store, service, list(unread)),
        desk,
        actor,
        ReviewQueue((each.lead_id for each in service.oldest_pending(LeadFilter())), skipped),
        Amounts.of(NAMED, None),
        on_skip,
        lambda: f"{actor}-{next(keys)}",
    )
    with suppress(EOFError):
        made.run()
    return made


def submitted(leads: LeadService, *names: str) -> list[str]:
    """Submit leads that share nothing, each a moment after the one before, and return their ids."""
    links = AffiliateService(leads.store, new_code=Codes(*(f"XYZ{number:05}" for number in range(len(names)))))
    ids = []
    for number, name in enumerate(names):
        code = links.create_link(f"aff-{number + 2}", f"aff-{number}@example.com").link_id
        service = LeadService(leads.store, clock=partial(int, 1_764_000_000_000 + number))
        ids.append(service.submit(code, {"name": name, "email": f"{name}@example.com"}).lead_id)
    return ids


def states(leads: LeadService, ids: Sequence[str]) -> list[str]:
    return [leads.lead(each).status for each in ids]


def test_a_review_goes_through_all_that_wait(store: Store, leads: LeadService) -> None:
    """Oldest first; Enter alone approves for the standard amount, a name and a number for theirs."""
    ids = submitted(leads, "a", "b", "c", "d", "e")
    desk = ScriptedDesk(
        "approve", "", "approve", "premium", "approve", " 7.5 ", "reject", "Volume too low", "reject", "", "quit"
    )
    done = review(store, desk)

    assert list("abcde") == desk.names
    assert [(number, "5") for number in range(1, 6)] == [(card.number, card.total) for card in desk.cards]
    assert "commission in USD (premium 100.00) [25.50 standard, . leaves it]: " == desk.questions[0]
    assert [Decimal("25.50"), 100, Decimal("7.5")] == [leads.lead(each).commission_amount for each in ids[:3]]
    assert ["Volume too low", None] == [leads.lead(each).rejection_reason for each in ids[3:]]
    assert (Tally(3, Decimal("133.00"), 2, 0), True) == (done.tally, done.is_done)
    assert {"mira"} == {leads.lead(each).reviewed_by for each in ids}
    assert [] == errors_in(store)


def test_a_dot_leaves_a_question(store: Store, leads: LeadService) -> None:
    """Nothing is written for it, and the same lead waits for the next key."""
    submitted(leads, "a")
    before = everything(store)
    desk = ScriptedDesk("approve", ".", "reject", " . ", "note", ".", "note", "", "quit")
    done = review(store, desk)

    assert (before, 1, Tally(), False) == (everything(store), len(desk.cards), done.tally, done.is_done)


@pytest.mark.parametrize("typed", ["1,5", "premum", "-1", "501"])
def test_a_wrong_amount_is_asked_for_again(store: Store, leads: LeadService, typed: str) -> None:
    """What is no amount, no name of one, or beyond a limit is said; the lead stays."""
    [one] = submitted(leads, "a")
    desk = ScriptedDesk("approve", typed, "approve", "5")
    review(store, desk, leads=LeadService(store, bounds=(Most(Decimal(500), "config.toml:4"),)))

    assert desk.told[0].startswith("! ")
    assert [1, 5] == [len(desk.cards), leads.lead(one).commission_amount]


def test_without_a_standard_amount_enter_gives_nothing() -> None:
    """Nor does it where there are several and none is so called; one that is given stands before it."""
    several = NamedAmounts({"basic": Decimal(5), "premium": Decimal(100)})
    with pytest.raises(Invalid):
        Amounts.of(several, None).parse("")
    with pytest.raises(Invalid, match="--commission"):
        Amounts.of(several, "premum")

    assert "commission in USD (basic 5.00, premium 100.00) [. leaves it]: " == Amounts.of(several, None).question
    assert 100 == Amounts.of(several, "premium").parse(" ")
    assert "[3.00, . leaves it]: " in Amounts.of(several, "3").question
    assert 5 == Amounts.of(NamedAmounts({"basic": Decimal(5)}), None).parse("")


def test_one_of_ones_own_is_not_approved(store: Store, leads: LeadService) -> None:
    """It is said, and the lead can be skipped."""
    [one] = submitted(leads, "a")
    desk = ScriptedDesk("approve", "5", "skip")
    review(store, desk, "aff-2")

    assert ("nobody approves a lead of their own" in desk.told[0], "bad") == (True, desk.roles[0])
    assert "pending" == leads.lead(one).status


@pytest.mark.parametrize(("answer", "status"), [("y", "approved"), ("", "pending"), ("n", "pending")])
def test_a_flagged_lead_is_asked_about(store: Store, leads: LeadService, answer: str, status: str) -> None:
    """With what the affiliate's total becomes; anything but yes leaves it."""
    form = {"name": "Ann", "email": "ann@example.com"}
    decided = leads.submit("ABC10XYZ", form).lead_id
    leads.decide(decided, "approved", "jonas", commission="412.68")
    one = leads.submit("ABC10XYZ", form).lead_id
    desk = ScriptedDesk("approve", "", answer)
    review(store, desk)

    assert [True] == [bool(card.shown.flags) for card in desk.cards]
    assert "! flagged; the total becomes 438.18. Approve all the same? [y/N] " == desk.questions[1]
    assert status == leads.lead(one).status


def test_a_note_is_stored_at_once(store: Store, leads: LeadService) -> None:
    """The lead stays pending and is shown with it; the decision after it is about the lead with the note."""
    [one] = submitted(leads, "a")
    desk = ScriptedDesk("note", "asked for the shop", "note", "answered", "reject", "")
    review(store, desk)
    lead = leads.lead(one)

    assert ["", "asked for the shop", "answered"] == [card.shown.lead.admin_notes or "" for card in desk.cards]
    assert ["note [. leaves it]: ", "note, instead of the one above [. leaves it]: "] == desk.questions[:2]
    assert ("rejected", "answered") == (lead.status, lead.admin_notes)


def test_skipped_ones_come_last_the_next_time(store: Store, leads: LeadService) -> None:
    """Within a review none comes again unless somebody goes back."""
    ids, skipped = submitted(leads, "a", "b", "c"), list[str]()
    first, second = ScriptedDesk("skip", "skip", "skip", "quit"), ScriptedDesk()
    done = review(store, first, on_skip=skipped.append)
    review(store, second, skipped=skipped[:1])

    assert (ids, list("abc"), 3, False) == (skipped, first.names, done.tally.skipped, done.is_done)
    assert ["That was the last one."] == first.told
    assert ["b"] == second.names
    assert ["b", "c", "a"] == _walked(store, skipped[:1])


def _walked(store: Store, skipped: Sequence[str]) -> list[str]:
    desk = ScriptedDesk("skip", "skip", "skip")
    review(store, desk, skipped=skipped)
    return desk.names


def test_back_goes_to_what_is_still_pending(store: Store, leads: LeadService) -> None:
    """Decided ones are passed over; the first has none before it. What is decided then was not skipped."""
    ids = submitted(leads, "a", "b", "c")
    desk = ScriptedDesk("back", "skip", "reject", "", "back", "back", "approve", "5", "approve", "6", "back", "quit")
    done = review(store, desk)

    assert ["a", "b", "c", "a", "c"] == desk.names
    assert 3 == sum("No pending lead comes before" in each for each in desk.told)
    assert (["approved", "rejected", "approved"], 0) == (states(leads, ids), done.tally.skipped)


def test_undo_takes_back_the_last_decisions(store: Store, leads: LeadService) -> None:
    """One after another, each with a row of its own in the history; the lead is shown again, also at the end."""
    ids = submitted(leads, "a", "b")
    desk = ScriptedDesk("undo", "approve", "5", "reject", "", "undo", "undo", "undo", "reject", "")
    done = review(store, desk)

    assert ["a", "b", "b", "a", "b"] == desk.names
    assert ["There is no decision of this review to take back."] * 2 == [t for t in desk.told if t.startswith("There")]
    assert (["rejected", "pending"], Tally(0, Decimal(), 1, 0)) == (states(leads, ids), done.tally)
    assert ["approve", "reset", "reject"] == [row.event for row in leads.history(ids[0]).history]
    assert [] == errors_in(store)


@pytest.mark.parametrize("later", ["amended", "reset"])
def test_undo_leaves_what_others_made_of_it(store: Store, leads: LeadService, later: str) -> None:
    """A decision that was amended meanwhile stands, and is shown; one that others took back is pending again."""
    [one] = submitted(leads, "a")

    def meanwhile() -> None:
        if later == "amended":
            leads.decide(one, "approved", "jonas", commission="30", amend=True)
        else:
            leads.reset(one, "jonas")

    desk = ScriptedDesk("approve", "5", meanwhile, "undo", "quit")
    done = review(store, desk)

    assert ("approved" if later == "amended" else "pending") == leads.lead(one).status
    assert (["jonas"] if later == "amended" else []) == [lead.reviewed_by for lead in desk.decided]
    assert (1 if later == "amended" else 0) == done.tally.approved
    assert 2 == len(leads.history(one).history)


def test_a_review_goes_on_where_nobody_says_what_others_made_of_it(store: Store, leads: LeadService) -> None:
    """What an undo leaves as it is need not be shown: without an answer of the store that is said, and all goes on."""
    one, two = submitted(leads, "a", "b")
    service = LosesAnswers(store, unfound=[*[False] * 4, True])
    desk = ScriptedDesk(
        "approve",
        "5",
        lambda: leads.decide(one, "approved", "jonas", commission="30", amend=True),
        "undo",
        "reject",
        "",
    )
    review(store, desk, leads=service)

    assert ([], ["approved", "rejected"]) == (service.unfound, states(leads, [one, two]))
    assert ["! Not taken back: it was changed after your decision", "! no answer"] == desk.told[1:3]


OTHERS: dict[str, Callable[[LeadService, str], object]] = {
    "approved": lambda leads, one: leads.decide(one, "approved", "jonas", commission="30"),
    "approved for the same": lambda leads, one: leads.decide(one, "approved", "jonas", commission="5"),
    "rejected": lambda leads, one: leads.decide(one, "rejected", "jonas"),
}


@pytest.mark.parametrize("how", OTHERS)
@pytest.mark.parametrize("when", ["before it is shown", "while it is shown", "in flight"])
@pytest.mark.parametrize("said", [("approve", "5"), ("reject", ""), ("reject", "why"), ("note", "why")])
def test_what_others_decided_stands(
    store: Store, leads: LeadService, how: str, when: str, said: tuple[str, str]
) -> None:
    """It is shown with who did it, counted for nobody here, and the next lead comes."""
    ids = submitted(leads, "a", "b")
    meddled = Intervening(store)
    # The first lead is skipped where the second one shall change before it is shown.
    other = ids[1] if when == "before it is shown" else ids[0]
    answers: dict[str, list[Answer]] = {
        "before it is shown": [lambda: OTHERS[how](leads, other), "skip", "quit"],
        "while it is shown": [lambda: OTHERS[how](leads, other), *said, "quit"],
        "in flight": [lambda: meddled.before("transact", lambda: OTHERS[how](leads, other)), *said, "quit"],
    }
    desk = ScriptedDesk(*answers[when])
    done = review(meddled, desk)

    assert [("jonas", other)] == [(lead.reviewed_by, lead.lead_id) for lead in desk.decided]
    assert [1] == [len(leads.history(other).history)]
    assert (0, 0) == (done.tally.approved, done.tally.rejected)
    assert (["a"] if when == "before it is shown" else ["a", "b"]) == desk.names
    assert [] == errors_in(store)


def test_a_flagged_lead_that_others_decided_is_not_asked_about(store: Store, leads: LeadService) -> None:
    """What was decided between the card and the amount is shown instead of the question."""
    form = {"name": "Ann", "email": "ann@example.com"}
    one, two = (leads.submit("ABC10XYZ", form).lead_id for _ in range(2))
    desk = ScriptedDesk("approve", lambda: leads.decide(one, "rejected", "jonas"), "5", "quit")
    review(store, desk)

    assert [one] == [lead.lead_id for lead in desk.decided]
    assert [one, two] == [card.shown.lead.lead_id for card in desk.cards]


def test_a_lead_that_changed_is_shown_again(store: Store, leads: LeadService) -> None:
    """A note of somebody else may be a reason not to approve: it is seen first."""
    [one] = submitted(leads, "a")
    desk = ScriptedDesk("approve", lambda: leads.note(one, "fraud", "jonas"), "5", "reject", "fraud")
    review(store, desk)

    assert [None, "fraud"] == [card.shown.lead.admin_notes for card in desk.cards]
    assert "rejected" == leads.lead(one).status


@pytest.mark.parametrize("when", ["before", "meanwhile", "after"])
def test_a_lead_that_is_gone_is_passed_over(store: Store, leads: LeadService, when: str) -> None:
    """Somebody deleted it in the table: that is said, and the review goes on."""
    ids = submitted(leads, "a", "b", "c")
    key = LEADS.key_of(leads.lead(ids[1]).item())

    def delete() -> None:
        store.transact(Delete(LEADS, key))

    answers: dict[str, list[Answer]] = {
        "before": [delete, "skip", "quit"],
        "meanwhile": ["skip", delete, "reject", "", "quit"],
        "after": ["skip", "reject", "", delete, "undo", "quit"],
    }
    desk = ScriptedDesk(*answers[when])
    review(store, desk)

    assert [f"! there is no lead {ids[1]}"] == [each for each in desk.told if "there is no lead" in each]
    assert "c" == desk.names[-1]


def test_a_person_who_was_erased_is_shown_anew(store: Store, leads: LeadService) -> None:
    """The decision was about a person who is not there any more, so nothing is written for it."""
    [one] = submitted(leads, "a")
    desk = ScriptedDesk(
        "approve", lambda: PrivacyService(store).erase("a@example.com", "boss", include=[one]), "5", "quit"
    )
    review(store, desk)

    assert (2, "pending") == (len(desk.cards), leads.lead(one).status)
    assert "a" != desk.names[1]


def test_a_decision_whose_answer_was_lost_is_found(store: Store, leads: LeadService) -> None:
    """Whether it arrived is looked up: it counts once, and one that did not arrive is asked about again."""
    ids = submitted(leads, "a", "b")
    lost = LosesAnswers(store, plan=[True, False])
    desk = ScriptedDesk("approve", "5", "approve", "5", "approve", "6", "undo")
    done = review(store, desk, leads=lost)

    assert ["a", "b", "b", "b"] == desk.names
    assert (["approved", "pending"], Tally(1, Decimal(5), 0, 0)) == (states(leads, ids), done.tally)
    assert [["approve"], ["approve", "reset"]] == [[row.event for row in leads.history(one).history] for one in ids]
    assert [] == errors_in(store)


WAYS_THERE: dict[str, tuple[list[Answer], list[bool], list[str], Tally]] = {
    "the first": (["try again", "try again", "quit"], [True, True], ["a"], Tally()),
    "after a decision": (["approve", "5", "try again", "quit"], [False, True], ["a", "b"], Tally(1, Decimal(5))),
    "after a skip": (["skip", "try again", "quit"], [False, True], ["a", "b"], Tally(skipped=1)),
    "after a note": (["note", "x", "try again", "quit"], [False, True], ["a", "a"], Tally()),
    "back": (["skip", "back", "try again", "quit"], [False, False, True], ["a", "b", "a"], Tally(skipped=1)),
    "after an undo": (["reject", "", "undo", "try again", "quit"], [False, False, True], ["a", "b", "a"], Tally()),
    "back instead": (["skip", "back", "quit"], [False, True], ["a", "a"], Tally(skipped=1)),
    "undo instead": (["reject", "", "undo", "quit"], [False, True], ["a", "a"], Tally()),
    "no lead before": (["back", "try again", "quit"], [True], ["a"], Tally()),
    "behind the last": (
        ["skip", "skip", "back", "try again", "quit"],
        [False, False, True],
        ["a", "b", "b"],
        Tally(skipped=2),
    ),
}


@pytest.mark.parametrize("way", WAYS_THERE)
def test_a_lead_that_cannot_be_read_now_is_tried_again(store: Store, leads: LeadService, way: str) -> None:
    """That is said, the review keeps what it did, and nothing is decided about a lead that is not seen."""
    submitted(leads, "a", "b")
    answers, unread, names, tally = WAYS_THERE[way]
    desk = ScriptedDesk(*answers)
    done = review(store, desk, unread=unread)

    assert (names, tally) == (desk.names, done.tally)
    assert ["! no answer"] * sum(unread) == [each for each in desk.told if each == "! no answer"]
    assert sum(unread) == desk.choices.count(("try again", "back", "undo", "quit")) - (way == "no lead before")
    assert [] == errors_in(store)


def test_a_decision_that_cannot_even_be_looked_up_is_shown_when_it_can(store: Store, leads: LeadService) -> None:
    """Whether it arrived is seen when the store answers again; it is not made twice."""
    [one] = submitted(leads, "a")
    lost = LosesAnswers(store, plan=[True], unfound=[False, False, True])
    desk = ScriptedDesk("approve", "5", "try again", "quit")
    review(store, desk, leads=lost)

    assert [Decimal(5)] == [lead.commission_amount for lead in desk.decided]
    assert ["approve"] == [row.event for row in leads.history(one).history]


@dataclass(frozen=True)
class Unanswered(FlagService):
    """Shows leads, or gets no answer, as planned."""

    plan: list[bool]

    def show(self, lead_id: str) -> LeadShown:
        if self.plan and self.plan.pop(0):
            raise Unavailable("no answer")
        return super().show(lead_id)


@dataclass(frozen=True)
class LosesAnswers(LeadService):
    """Decides, or not, and is not heard of, as often as planned."""

    plan: list[bool] = field(default_factory=list)
    unfound: list[bool] = field(default_factory=list)

    def lead(self, lead_id: str) -> Lead:
        if self.unfound and self.unfound.pop(0):
            raise Unavailable("no answer")
        return super().lead(lead_id)

    def decide(self, *arguments: object, **more: object) -> LeadDecided:
        if not self.plan:
            return super().decide(*arguments, **more)  # type: ignore[arg-type]
        if self.plan.pop(0):
            super().decide(*arguments, **more)  # type: ignore[arg-type]
        raise Unavailable("no answer")


def test_two_reviewers_never_decide_one_lead_twice(store: Store, leads: LeadService) -> None:
    """At once over the same leads, the one approving and the other rejecting: each has one decision of one of them."""
    ids = submitted(leads, *(f"lead-{number}" for number in range(12)))
    done: dict[str, Review] = {}

    def reviewed(actor: str, *how: str) -> None:
        done[actor] = review(store, UntilTheEnd(*how * len(ids)), actor)

    ways = (("mira", "approve", ""), ("jonas", "reject", ""))
    threads = [threading.Thread(target=reviewed, args=way) for way in ways]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    decided = [(lead.reviewed_by, lead.status) for lead in map(leads.lead, ids)]
    counts = done["mira"].tally.approved, done["jonas"].tally.rejected

    assert [1] * len(ids) == [len(leads.history(each).history) for each in ids]
    assert (decided.count(("mira", "approved")), decided.count(("jonas", "rejected"))) == counts
    assert len(ids) == sum(counts)
    assert [] == errors_in(store)


class UntilTheEnd(ScriptedDesk):
    """Quits when no lead is left."""

    def key(self, choices: Sequence[str]) -> str:
        return super().key(choices) if "approve" in choices else "quit"


def test_a_queue_counts_as_far_as_it_has_read() -> None:
    """Of many it is said that there are more; what was skipped before comes behind all others."""
    few, many = ReviewQueue("abc", "a"), ReviewQueue(str(number) for number in range(502))
    walked = [few.forward() for _ in range(5)]

    assert (["b", "c", "a", None, None], "3", "over 500") == (walked, few.total, many.total)
    assert ["a", "c", "b", None, None] == [few.back() for _ in range(5)]
    assert "501" == [many.forward() for _ in range(502)][-1]
    assert many.forward() is None
