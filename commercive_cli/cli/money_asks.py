"""Questions about money, on a terminal alone: what is about to be given, to whom, and what that comes to."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from commercive_cli.cli import bulk
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.flag_checks import FlagCheck
from commercive_cli.cli.message_sources import has_terminal
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import STDIN
from commercive_cli.cli.typed_ids import TypedIds
from commercive_cli.domain.errors import CommerciveError

if TYPE_CHECKING:
    from commercive_cli.cli.render.display import Display, Part
    from commercive_cli.services.leads.decision import ApprovalPreview
    from commercive_cli.services.leads.service import LeadService

NAMED = 10
"""Leads that a question about many names, a line each."""

Line = Sequence["Part"]


@dataclass(frozen=True)
class MoneyAsk:
    """Asks before leads are approved for an amount; `yes` leaves that out."""

    session: Session
    leads: "LeadService"
    typed: TypedIds
    flags: FlagCheck
    amount: Decimal
    amend: bool
    yes: bool

    def agreed(self, ids: Sequence[str]) -> Sequence[str]:
        """Return the ids to approve, after a yes where there is a terminal; of one, the whole id that was typed.

        Nothing is asked about ids on stdin, and where the approval will be refused or change no money. Raises Invalid
        when the answer is no.
        """
        if self.yes or STDIN in ids or not is_asked(self.session):
            return ids
        if bulk.is_many(ids):
            self.typed.alone = False
            self._ask_about_many(list(dict.fromkeys(ids)))
            return ids
        one = self.typed.whole(ids[0])
        preview = None
        with suppress(CommerciveError):  # which the approval raises as well, or its request key has an answer
            preview = self.leads.preview(one, self.amount, self.session.actor, amend=self.amend)
        if preview is not None:
            self._ask_about(preview)
        return [one]

    def _ask_about(self, preview: "ApprovalPreview") -> None:
        display, lead = _display(self.session), preview.lead
        display.line(
            (lead.lead_name or "no name", "strong"),
            f" ({display.id(lead.lead_id)}), {lead.status}, affiliate {display.id(lead.affiliate_id)}",
        )
        for words in self.flags.told(lead.lead_id):
            display.line((f"  ! {words}", "attention"))
        total = f"; the affiliate's total {preview.total:,.2f} → {preview.becomes:,.2f}"
        display.line("  commission ", (f"{self.amount:,.2f} USD", "strong"), total)
        confirm("Approve?", yes=False)

    def _ask_about_many(self, ids: Sequence[str]) -> None:
        display = _display(self.session)
        for line in self._lines(display, islice(ids, NAMED)):
            display.line(*line)
        more = f"  and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
        if more:
            display.line(more)
        total = self.amount * len(ids)
        display.line(f"commission {self.amount:,.2f} USD each, ", (f"{total:,.2f} USD", "strong"), " at most")
        confirm(f"Approve {len(ids):,}?", yes=False)

    def _lines(self, display: "Display", ids: Iterator[str]) -> Iterator[Line]:
        for each in ids:
            try:
                lead = self.leads.lead(self.typed.whole(each))
            except CommerciveError as refusal:
                yield [f"  {refusal.message}"]
            else:
                flagged: Line = (
                    [("  ! flagged, will be refused", "attention")] if self.flags.among([lead.lead_id]) else []
                )
                yield [f"  {display.id(lead.lead_id)}  {lead.status}  {lead.lead_name or 'no name'}", *flagged]


def is_asked(session: Session) -> bool:
    """Return whether there is somebody to ask: input, output and messages are a terminal, and it is no dry run."""
    return not session.rehearses and has_terminal() and sys.stdout.isatty()


def ask_about(session: Session, lines: Sequence[str], question: str) -> None:
    """Say what is about to be given, and ask; raise Invalid when the answer is no."""
    display = _display(session)
    for line in lines:
        display.line(line)
    confirm(question, yes=False)


def _display(session: Session) -> "Display":
    """Return the terminal as questions see it, which are no results."""
    from commercive_cli.cli.render.display import Display, console_on
    from commercive_cli.cli.render.moments import Moments

    console = console_on(sys.stderr, colour=session.screen.colour, width=None)
    return Display(console, Moments(session.now, session.options.times), known=session.known_ids.read())
