"""The screens of `leads review`: one lead with all that a decision needs, what others decided, and the end."""

from dataclasses import dataclass
from decimal import Decimal

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.lead_screens import (
    compared_with,
    draw_flags,
    draw_stats,
    headline,
    record_sentence,
    volume_of,
)
from commercive_cli.cli.render.moments import duration
from commercive_cli.cli.render.terminal import label_of
from commercive_cli.domain.answers.leads import LeadShown
from commercive_cli.domain.models import Lead


@dataclass(frozen=True)
class Tally:
    """What one review did so far, without what was taken back."""

    approved: int = 0
    money: Decimal = Decimal()
    rejected: int = 0
    skipped: int = 0

    def words(self) -> str:
        """Return it in words."""
        approved = f"{self.approved:,} approved for {self.money:,.2f} USD"
        return f"{approved}, {self.rejected:,} rejected, {self.skipped:,} skipped"


@dataclass(frozen=True)
class Card:
    """A lead to decide, its place among how many, and what was done before."""

    shown: LeadShown
    number: int
    total: str
    tally: Tally


@dataclass(frozen=True)
class ReviewEnd:
    """How a review of what was `asked` ended: what it did in which time (ms), and how to go on if leads are left."""

    tally: Tally
    took: int
    asked: Asked
    go_on: str | None


def draw_card(display: Display, card: Card) -> None:
    """Write a lead, what looks odd about it, and the record of its affiliate, in less than 24 lines."""
    shown, lead = card.shown, card.shown.lead
    display.meet("lead", lead.lead_id, label_of(lead))
    display.meet("affiliate", lead.affiliate_id)
    display.gap()
    display.halves([f"lead {card.number:,} of {card.total}"], [f"so far {card.tally.words()}"], both=True)
    display.gap()
    display.halves(headline(lead, display.now), [(f"lead {display.id(lead.lead_id)}", "quiet")], both=True)
    _draw_person(display, lead)
    display.gap()
    if lead.damaged:
        display.sentence(("! damaged: " + ", ".join(lead.damaged), "bad"))
    draw_flags(display, shown)
    if shown.compared and not shown.flags:
        display.sentence((compared_with(shown.compared, flagged=False), "quiet"))
    display.gap()
    draw_stats(display, shown.stats, at_least=1)
    if record := record_sentence(shown.stats, None):
        display.sentence(record, indent=2)
    display.gap()


def _draw_person(display: Display, lead: Lead) -> None:
    volume = volume_of(lead)
    note = f"note: {lead.admin_notes}" if lead.admin_notes else ""
    facts = (lead.business_name, ", ".join(filter(None, (lead.lead_email, lead.lead_phone))), lead.product_link)
    for fact in (*facts, f"volume {volume}" if volume else "", note):
        if fact:
            # A line break in what a visitor typed is shown as one, so that no fact looks like two.
            for line in display.wrapped(display.text(fact), display.width - 2):
                display.write(display.text("  ") + line)


def draw_decided(display: Display, lead: Lead) -> None:
    """Write what others decided about a lead; it is not overruled."""
    display.meet("lead", lead.lead_id, label_of(lead))
    amount = f" for {lead.commission_amount:,.2f} USD" if lead.commission_amount is not None else ""
    who = f" by {'you' if lead.reviewed_by == display.you else lead.reviewed_by}" if lead.reviewed_by else ""
    when = f" {display.moments.exact(lead.reviewed_at)}" if lead.reviewed_at else ""
    name = f"{lead.lead_name or 'no name'} ({display.id(lead.lead_id)})"
    display.sentence((f"! {name} is {lead.status}{amount}{who}{when}; that stands", "attention"))


def draw_end(display: Display, end: ReviewEnd) -> None:
    """Write what a review did, and how to go on."""
    display.gap()
    if end.tally != Tally():
        display.sentence(f"{end.tally.words()}, in {duration(end.took)}")
    elif end.go_on is not None:
        display.sentence("Nothing was decided.")
    if end.go_on is None:
        display.sentence(end.asked.sentence(0, more=False))
    else:
        display.line((f"go on  {end.go_on}", "quiet"))
