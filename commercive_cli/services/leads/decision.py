"""Decisions about leads: when one changes nothing or conflicts with an earlier one, and its effect on the stats."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commercive_cli.domain.encodings import with_unix_lines
from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.domain.models import DecidedStatus, Lead, LeadStatus
from commercive_cli.domain.money import counted_commission, parse_amount
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.revisions import revision_of
from commercive_cli.domain.text import NOTES_LENGTH, text
from commercive_cli.services.records.idempotency import NO_GUARD
from commercive_cli.store.writes import All, AnyOf, Condition, Equals, Missing

_OF_A_DECISION = ("commission_amount", "reviewed_by", "reviewed_at", "rejection_reason")
_TOLD_APART = ("lead_id", "created_at", "damaged", "status", "commission_amount", "updated_at")
"""The key, and what `unchanged_since_read` looks at."""

EVENTS: dict[str, str] = {"approved": "approve", "rejected": "reject", "pending": "reset"}
NOTE = "note"
"""The event of new words for a decision that stands."""


@dataclass(frozen=True)
class Decision:
    """The status a lead shall have, with its commission (USD, approved leads only) and the admin's words.

    `reason` says why a lead was rejected, and goes when the rejection does; `notes` stay. New words for a decision that
    stands are stored with it. `amend` lets it replace an earlier decision. `as_of` is the `updated_at` of the lead that
    the admin saw, `revision` its revision, if known. `objection` says what speaks against deciding at all: it is the
    message of the Conflict where the lead is not decided so already. `ignored` names what was given and means nothing.
    """

    status: LeadStatus
    commission: Decimal | None = None
    notes: str | None = None
    reason: str | None = None
    amend: bool = False
    as_of: int | None = None
    ignored: tuple[str, ...] = ()
    revision: str | None = None
    objection: str | None = None

    def changes(self, lead: Lead) -> bool:
        """Return whether the lead must be written; raise Conflict when it is decided otherwise or changed since."""
        stands = self.stands(lead)
        if stands and not self._has_new_words(lead):
            return False
        if self.as_of not in (None, lead.updated_at) or self.revision not in (None, revision_of(lead)):
            raise Conflict(f"lead {shortened(lead.lead_id)} changed since you looked at it: it is {describe(lead)}")
        if lead.status != "pending" and not stands and not self.amend:
            raise Conflict(
                f"lead {shortened(lead.lead_id)} is {describe(lead)} already; "
                'to change that, decide with --amend (in the API "amend": true)'
            )
        if self.objection is not None and not stands:
            raise Conflict(self.objection)
        return True

    def body(self) -> tuple[str | int | None, ...]:
        """Return what tells this decision from others, for the request that asks for it; its guard does not."""
        amount = None if self.commission is None else f"{self.commission:.2f}"
        seen = () if self.revision is None else (self.revision,)
        return self.status, amount, self.notes, self.reason, f"{self.amend:d}", NO_GUARD, *seen

    def seen(self, lead: Lead) -> Condition:
        """Return the condition that the lead is as read: all of it where its revision counts."""
        return unchanged_since_read(lead) if self.revision is None else wholly_unchanged_since_read(lead)

    def stands(self, lead: Lead) -> bool:
        """Return whether the lead is decided so already; only words can be new then."""
        return (lead.status, lead.commission_amount) == (self.status, self.commission)

    def _has_new_words(self, lead: Lead) -> bool:
        return _are_new(self.notes, lead.admin_notes) or _are_new(self.reason, lead.rejection_reason)

    def attributes(self, lead: Lead, actor: str, at: int) -> dict[str, Any]:
        """Return the lead's attributes to set; who only adds words does not become the one who decided."""
        decides = self.status != "pending" and not self.stands(lead)
        decided = {"reviewed_by": actor, "reviewed_at": at} if decides else {}
        commission = {} if self.commission is None else {"commission_amount": self.commission}
        notes = {"admin_notes": self.notes} if _are_new(self.notes, lead.admin_notes) else {}
        reason = {"rejection_reason": self.reason} if _are_new(self.reason, lead.rejection_reason) else {}
        return {"status": self.status, "updated_at": at, **decided, **commission, **notes, **reason}

    def dropped(self) -> tuple[str, ...]:
        """Return the lead's attributes to remove."""
        kept = {
            "pending": (),
            "approved": ("reviewed_by", "reviewed_at", "commission_amount"),
            "rejected": ("reviewed_by", "reviewed_at", "rejection_reason"),
        }[self.status]
        return tuple(name for name in _OF_A_DECISION if name not in kept)

    def deltas(self, lead: Lead) -> dict[str, int | Decimal]:
        """Return the numbers to add to the affiliate's stats when this decision is applied to the lead.

        A commission left by others on a lead that is not approved was never counted.
        """
        counts: dict[str, int | Decimal] = {"version": 1}
        if lead.status != self.status:
            counts |= {f"{lead.status}_leads": -1, f"{self.status}_leads": 1}
        before = counted_commission(lead.status, lead.commission_amount)
        commission = counted_commission(self.status, self.commission) - before
        return counts | ({"total_commission": commission} if commission else {})


@dataclass(frozen=True)
class ApprovalPreview:
    """A lead as it is, and what an approval does to the sum of its affiliate's commissions (USD)."""

    lead: Lead
    total: Decimal
    becomes: Decimal


def new_decision(
    decision: DecidedStatus,
    commission: object,
    notes: object,
    reason: object,
    *,
    amend: bool = False,
    as_of: int | None = None,
) -> Decision:
    """Return the decision for an approval (which needs a commission of 0 to 1,000,000 USD) or a rejection."""
    words, why = _text(notes, "admin_notes"), _text(reason, "rejection_reason")
    if decision == "rejected":
        # The dashboard's form sends its amount with every decision.
        ignored = () if commission is None else ("commission_amount",)
        return Decision("rejected", None, words, why, amend, as_of, ignored)
    if why is not None:
        raise Invalid("rejection_reason goes with a rejection only; nothing was written", field="rejection_reason")
    if commission is None:
        raise Invalid("commission_amount is needed to approve a lead; 0 is allowed", field="commission_amount")
    return Decision("approved", parse_amount(commission), words, None, amend, as_of)


def new_note(notes: object) -> Decision:
    """Return what adds notes to a pending lead."""
    return Decision("pending", notes=_text(notes, "admin_notes"))


def unchanged_since_read(lead: Lead) -> Condition:
    """Return the condition that a lead is as read; `updated_at` excludes that it was changed and changed back."""
    amount = lead.commission_amount
    name = "commission_amount"
    unpaid_or_same = AnyOf(Missing(name), Equals(name, None)) if amount is None else Equals(name, amount)
    return All(Equals("status", lead.status), unpaid_or_same, Equals("updated_at", lead.updated_at))


def wholly_unchanged_since_read(lead: Lead) -> Condition:
    """Return the condition that every attribute is as read; what cannot be read counts for nothing."""
    values = {name: getattr(lead, name) for name in Lead.model_fields if name not in (*_TOLD_APART, *lead.damaged)}
    return All(unchanged_since_read(lead), *(same(name, value) for name, value in values.items()))


def same(name: str, value: object) -> Condition:
    """Return the condition that an attribute is as read; what is empty may be stored or not."""
    return AnyOf(Missing(name), Equals(name, None), Equals(name, "")) if value in (None, "") else Equals(name, value)


def money_state(status: str, commission: Decimal | None) -> dict[str, Any]:
    """Return what an audit row keeps of a lead: no personal data, only status and commission."""
    return {"status": status} | ({} if commission is None else {"commission_amount": commission})


def describe(lead: Lead) -> str:
    """Return a lead's state in words: status, commission, and who decided."""
    amount = "" if lead.commission_amount is None else f" for {lead.commission_amount:.2f} USD"
    by = f" by {lead.reviewed_by}" if lead.reviewed_by else ""
    return f"{lead.status}{amount}{by}"


def _are_new(words: str | None, stored: str | None) -> bool:
    """Return whether words are given, and others than those stored; line ends and space around them do not count."""
    return words is not None and words != with_unix_lines(stored or "").strip()


def _text(words: object, field: str) -> str | None:
    return None if words is None else text(words, field, NOTES_LENGTH, shortest=0)
