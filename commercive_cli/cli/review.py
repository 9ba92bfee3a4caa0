"""`leads review`: the loop that shows one pending lead after another and carries out what the admin says of each.

It knows no terminal: whoever shows and asks is its desk. Every decision is about the lead as it was shown, so that one
that others decided meanwhile is told and left as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from commercive_cli.cli.render.review_screens import Card, Tally
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.review_queue import ReviewQueue
from commercive_cli.domain.answers.leads import LeadDecided, LeadShown
from commercive_cli.domain.commissions import NamedAmounts
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, NotFound, NotTaken, Unavailable
from commercive_cli.domain.models import DecidedStatus, Lead
from commercive_cli.domain.revisions import revision_of
from commercive_cli.services.leads.decision import describe
from commercive_cli.services.leads.flagging import FlagService
from commercive_cli.services.leads.service import LeadService

KEYS = ("approve", "reject", "note", "skip", "back", "undo", "quit")
"""What can be done with a lead; the first letter is the key."""

AT_THE_END = ("back", "undo", "quit")
WITHOUT_A_LEAD = ("try again", *AT_THE_END)
"""What can be done when a lead could not be read."""

LEAVE = "."
"""Typed alone, it leaves a question without an answer, and nothing is written."""


class Desk(Protocol):
    """Where a review shows and asks. Both ways to ask raise EOFError when nothing more can be typed."""

    def show(self, card: Card) -> None:
        """Show a lead."""

    def show_decided(self, lead: Lead) -> None:
        """Show how a lead was decided that is not decided here any more."""

    def tell(self, words: str, role: Role = "") -> None:
        """Show a sentence."""

    def key(self, choices: Sequence[str]) -> str:
        """Return which of some words was chosen."""

    def line(self, question: str) -> str:
        """Return the line that answers a question."""

    def write(self, call: Callable[[], LeadDecided]) -> LeadDecided:
        """Carry out a write, to its end even when the user wants to stop."""


@dataclass(frozen=True)
class Amounts:
    """The amounts with a name, and the one that Enter alone stands for."""

    named: NamedAmounts
    default: str | None

    @classmethod
    def of(cls, named: NamedAmounts, given: str | None) -> "Amounts":
        """Return the amounts; without one that is `given` Enter stands for `standard`, or the only one there is."""
        if given is not None:
            named.parse(given, "--commission")
            return cls(named, given.strip())
        names = [name for name in named.amounts if name == "standard" or len(named.amounts) == 1]
        return cls(named, names[0] if names else None)

    @property
    def question(self) -> str:
        """Return the question for an amount."""
        others = [f"{name} {amount:,.2f}" for name, amount in self.named.amounts.items() if name != self.default]
        choice = f" ({', '.join(others)})" if others else ""
        name = f" {self.default}" if self.default in self.named.amounts else ""
        enter = "" if self.default is None else f"{self.parse(''):,.2f}{name}, "
        return f"commission in USD{choice} [{enter}{LEAVE} leaves it]: "

    def parse(self, typed: str) -> Decimal:
        """Return the amount that was typed; raise Invalid when it is none."""
        return self.named.parse(typed.strip() or self.default or "")


@dataclass
class Review:
    """One review of an admin. `made` are the decisions that stand, in their order; `new_key` makes request keys."""

    leads: LeadService
    flags: FlagService
    desk: Desk
    actor: str
    queue: ReviewQueue
    amounts: Amounts
    on_skip: Callable[[str], None]
    new_key: Callable[[], str]
    shown: LeadShown | None = None
    made: dict[str, Lead] = field(default_factory=dict)
    skipped: dict[str, None] = field(default_factory=dict)
    _undoable: list[str] = field(default_factory=list)
    _ended: bool = False
    _over: set[str] = field(default_factory=set)
    """Leads of which it was told that they wait for no decision any more."""

    @property
    def tally(self) -> Tally:
        """Return what was done so far."""
        approved = [each.commission_amount or Decimal() for each in self.made.values() if each.status == "approved"]
        return Tally(len(approved), sum(approved, Decimal()), len(self.made) - len(approved), len(self.skipped))

    @property
    def is_done(self) -> bool:
        """Return whether every lead was shown, and none was skipped."""
        return self._ended and not self.skipped

    def run(self) -> None:
        """Show leads and carry out what is said, until it is enough or nothing is left to do."""
        does = {
            "approve": self._approve,
            "reject": self._reject,
            "note": self._note,
            "skip": self._skip,
            "back": self._back,
            "undo": self._undo,
            "try again": self._try_again,
        }
        self._forward()
        while not self._ended or self.made or self.skipped:
            said = self.desk.key(KEYS if self.shown else AT_THE_END if self._ended else WITHOUT_A_LEAD)
            if said == "quit":
                return
            try:
                does[said]()
            except Invalid as refusal:  # of a line that cannot be read
                self._refused(refusal)

    def _forward(self) -> None:
        if not self._move(self.queue.forward):
            self.shown, self._ended = None, True
            if self.made or self.skipped:
                self.desk.tell("That was the last one.")

    def _back(self) -> None:
        place = self.queue.place
        if not self._move(self.queue.back):
            self.queue.place = place
            self.desk.tell("No pending lead comes before; u takes back the last decision.")

    def _move(self, step: Callable[[], str | None]) -> bool:
        """Show the next pending lead in a direction; return whether there is one."""
        while (lead_id := step()) is not None:
            if lead_id not in self.made and lead_id not in self._over and self._open(lead_id):
                return True
        return False

    def _open(self, lead_id: str) -> bool:
        """Show a lead, or say that it cannot be read now; return False, and say why, when it waits no more."""
        try:
            shown = self.flags.show(lead_id)
        except Unavailable as away:
            self._refused(away)
            self.shown, self._ended = None, False
            return True
        except NotFound as gone:
            self.desk.tell(f"! {gone.message}", "attention")
            self._over.add(lead_id)
            return False
        if shown.lead.status != "pending":
            self._over.add(lead_id)
            self.desk.show_decided(shown.lead)
            return False
        self.shown, self._ended = shown, False
        self.desk.show(Card(shown, self.queue.number, self.queue.total, self.tally))
        return True

    @property
    def _lead(self) -> Lead:
        assert self.shown is not None  # what is done with a lead is offered with one alone
        return self.shown.lead

    def _approve(self) -> None:
        if (typed := self._asked(self.amounts.question)) is None:
            return
        try:
            amount = self.amounts.parse(typed)
            agreed = self._agrees(amount)
        except (Conflict, NotFound):
            self._look_again()
            return
        except CommerciveError as refusal:
            self._refused(refusal)
            return
        if agreed:
            self._decide("approved", amount, None)

    def _agrees(self, amount: Decimal) -> bool:
        """Return whether a flagged lead shall be approved all the same, after what that comes to was told."""
        if not (self.shown and self.shown.flags):
            return True
        preview = self.leads.preview(self._lead.lead_id, amount, self.actor)
        total = f"; the total becomes {preview.becomes:,.2f}" if preview else ""
        answer = self.desk.line(f"! flagged{total}. Approve all the same? [y/N] ")
        return answer.strip().lower() in ("y", "yes")

    def _reject(self) -> None:
        reason = self._asked(f"reason, as it is told outside [none, {LEAVE} leaves it]: ")
        if reason is not None:
            self._decide("rejected", None, reason or None)

    def _note(self) -> None:
        lead, instead = self._lead, ", instead of the one above" if self._lead.admin_notes else ""
        if not (words := self._asked(f"note{instead} [{LEAVE} leaves it]: ")):
            return
        try:
            noted = self._written(
                lambda key: self.leads.note(lead.lead_id, words, self.actor, revision=revision_of(lead), key=key)
            )
        except (Conflict, NotFound):
            self._look_again()
        except CommerciveError as refusal:
            self._refused(refusal)
        else:
            self.desk.tell("✓ Noted" if noted.changed else "It has this note; nothing was written.", "good")
            self._look_again()

    def _asked(self, question: str) -> str | None:
        typed = self.desk.line(question).strip()
        return None if typed == LEAVE else typed

    def _decide(self, status: DecidedStatus, amount: Decimal | None, reason: str | None) -> None:
        lead = self._lead
        try:
            decided = self._written(
                lambda key: self.leads.decide(
                    lead.lead_id,
                    status,
                    self.actor,
                    commission=amount,
                    reason=reason,
                    revision=revision_of(lead),
                    key=key,
                )
            )
        except (Conflict, NotFound):
            self._look_again()
        except CommerciveError as refusal:
            self._refused(refusal)
            if isinstance(refusal, Unavailable) and not isinstance(refusal, NotTaken):
                self._find_out(status, amount)
        else:
            self._decided(decided)

    def _written(self, call: Callable[[str], LeadDecided]) -> LeadDecided:
        key = self.new_key()  # the engine tells by it that a write arrived whose answer was lost
        return self.desk.write(lambda: call(key))

    def _decided(self, decided: LeadDecided) -> None:
        if decided.changed:
            self._count(decided.lead)
        else:
            self._over.add(decided.lead.lead_id)
            self.desk.show_decided(decided.lead)
        self._forward()

    def _count(self, lead: Lead) -> None:
        self.made[lead.lead_id] = lead
        self._undoable.append(lead.lead_id)
        self.skipped.pop(lead.lead_id, None)
        amount = "" if lead.commission_amount is None else f" for {lead.commission_amount:,.2f} USD"
        self.desk.tell(f"✓ {lead.status.capitalize()}{amount}", "good")

    def _find_out(self, status: DecidedStatus, amount: Decimal | None) -> None:
        """Go on from what the store has, where nobody knows whether a decision arrived there."""
        try:
            lead = self.leads.lead(self._lead.lead_id)
        except Unavailable:
            self.shown = None
            return
        if (lead.status, lead.commission_amount, lead.reviewed_by) == (status, amount, self.actor):
            self._decided(LeadDecided(lead=lead, changed=True))
        else:
            self._look_again()

    def _look_again(self) -> None:
        """Show the lead as it is now, or how it was decided meanwhile and then the next one."""
        self._show_again(self._lead.lead_id)

    def _show_again(self, lead_id: str) -> None:
        if not self._open(lead_id):
            self._forward()

    def _try_again(self) -> None:
        self._show_again(self.queue.present)

    def _refused(self, refusal: CommerciveError) -> None:
        self.desk.tell(f"! {refusal.message}", "bad")

    def _skip(self) -> None:
        self.skipped[self._lead.lead_id] = None
        self.on_skip(self._lead.lead_id)
        self._forward()

    def _undo(self) -> None:
        if not self._undoable:
            self.desk.tell("There is no decision of this review to take back.")
            return
        lead = self.made[self._undoable[-1]]
        try:
            self._written(lambda key: self.leads.reset(lead.lead_id, self.actor, revision=revision_of(lead), key=key))
        except (Conflict, NotFound):
            self._undoable.pop()
            self._tell_not_taken_back(lead)
        except CommerciveError as refusal:
            self._refused(refusal)
        else:
            self._undoable.pop()
            del self.made[lead.lead_id]
            self.desk.tell(f"✓ Taken back, it was {describe(lead)}; the history keeps both.", "good")
            self.queue.go_to(lead.lead_id)
            self._show_again(lead.lead_id)

    def _tell_not_taken_back(self, lead: Lead) -> None:
        self.desk.tell("! Not taken back: it was changed after your decision", "attention")
        try:
            self.desk.show_decided(self.leads.lead(lead.lead_id))
        except (NotFound, Unavailable) as why:
            self.desk.tell(f"! {why.message}", "attention")
