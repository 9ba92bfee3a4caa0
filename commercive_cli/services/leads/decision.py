"""Decisions about leads: when one changes nothing or conflicts with an earlier one, and its effect on the stats."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.domain.models import DecidedStatus, Lead, LeadStatus
from commercive_cli.domain.money import parse_amount
from commercive_cli.domain.text import NOTES_LENGTH, text
from commercive_cli.store.writes import All, Condition, Equals, Missing

EVENTS: dict[LeadStatus, str] = {"approved": "approve", "rejected": "reject", "pending": "reset"}


@dataclass(frozen=True)
class Decision:
    """The status that a lead gets, with its commission (USD, approved leads only) and the admin's notes.

    `amend` lets it replace an earlier decision. `as_of` is the `updated_at` of the lead that the admin saw, if known.
    """

    status: LeadStatus
    commission: Decimal | None = None
    notes: str | None = None
    amend: bool = False
    as_of: int | None = None

    def changes(self, lead: Lead) -> bool:
        """Return whether the lead must be written; raise Conflict when it is decided otherwise or changed since."""
        same = (lead.status, lead.commission_amount) == (self.status, self.commission)
        if same and (not self.amend or self.notes in (None, lead.admin_notes)):
            return False
        if self.as_of not in (None, lead.updated_at):
            raise Conflict(f"lead {lead.lead_id} changed since you looked at it: it is {describe(lead)}")
        if lead.status != "pending" and not self.amend:
            raise Conflict(
                f"lead {lead.lead_id} is {describe(lead)} already; "
                'to change that, decide with --amend (in the API "amend": true)'
            )
        return True

    def attributes(self, actor: str, at: int) -> dict[str, Any]:
        """Return the lead's attributes to set."""
        decided = {} if self.status == "pending" else {"reviewed_by": actor, "reviewed_at": at}
        commission = {} if self.commission is None else {"commission_amount": self.commission}
        notes = {} if self.notes is None else {"admin_notes": self.notes}
        return {"status": self.status, "updated_at": at, **decided, **commission, **notes}

    def dropped(self) -> tuple[str, ...]:
        """Return the lead's attributes to remove."""
        review = ("reviewed_by", "reviewed_at") if self.status == "pending" else ()
        return review if self.status == "approved" else ("commission_amount", *review)

    def deltas(self, lead: Lead) -> dict[str, int | Decimal]:
        """Return the numbers to add to the affiliate's stats when this decision is applied to the lead."""
        counts: dict[str, int | Decimal] = {"version": 1}
        if lead.status != self.status:
            counts |= {f"{lead.status}_leads": -1, f"{self.status}_leads": 1}
        commission = (self.commission or Decimal(0)) - (lead.commission_amount or Decimal(0))
        return counts | ({"total_commission": commission} if commission else {})


def new_decision(
    decision: DecidedStatus, commission: object, notes: object, *, amend: bool, as_of: int | None
) -> Decision:
    """Return the decision for an approval (which needs a commission of 0 to 1,000,000 USD) or a rejection."""
    if decision == "rejected":
        return Decision("rejected", None, _notes(notes), amend, as_of)
    if commission is None:
        raise Invalid("commission_amount is needed to approve a lead; 0 is allowed", field="commission_amount")
    return Decision("approved", parse_amount(commission), _notes(notes), amend, as_of)


def unchanged_since_read(lead: Lead) -> Condition:
    """Return the condition that a lead is as read; `updated_at` excludes that it was changed and changed back."""
    amount = lead.commission_amount
    unpaid_or_same = Missing("commission_amount") if amount is None else Equals("commission_amount", amount)
    return All(Equals("status", lead.status), unpaid_or_same, Equals("updated_at", lead.updated_at))


def money_state(status: LeadStatus, commission: Decimal | None) -> dict[str, Any]:
    """Return the state of a lead for an audit row: status and commission, no personal data."""
    return {"status": status} | ({} if commission is None else {"commission_amount": commission})


def describe(lead: Lead) -> str:
    """Return a lead's state in words: status, commission, and who decided."""
    amount = "" if lead.commission_amount is None else f" for {lead.commission_amount:.2f} USD"
    by = f" by {lead.reviewed_by}" if lead.reviewed_by else ""
    return f"{lead.status}{amount}{by}"


def _notes(notes: object) -> str | None:
    return None if notes is None else text(notes, "admin_notes", NOTES_LENGTH, shortest=0)
