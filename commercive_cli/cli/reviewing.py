"""A review of leads from its beginning to its last words, on the terminal of a session."""

import sys

import typer

from commercive_cli.bootstrap import Services
from commercive_cli.cli.errors import INTERRUPTED
from commercive_cli.cli.keyboard import Keyboard
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.review_screens import ReviewEnd, draw_end
from commercive_cli.cli.review import Amounts, Review
from commercive_cli.cli.review_desk import TerminalDesk
from commercive_cli.cli.review_queue import ReviewQueue
from commercive_cli.cli.session import Session
from commercive_cli.cli.skipped_leads import SkippedLeads
from commercive_cli.domain.ids import new_id, usual_id
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.settings.resolve import skipped_path


def review_leads(
    session: Session, services: Services, wanted: LeadFilter, commission: str | None, asked: Asked, go_on: str
) -> None:
    """Review the pending leads of a filter; however that ends, say what was done and how to `go_on`."""
    actor = usual_id(session.actor)
    amounts = Amounts.of(session.settings.amounts, commission)
    skipped = SkippedLeads(skipped_path(session.settings.store, actor))
    pending = (each.lead_id for each in services.leads.oldest_pending(wanted))
    review = Review(
        services.leads,
        services.lead_flags,
        TerminalDesk(session, Keyboard(sys.stdin.fileno())),
        actor,
        ReviewQueue(pending, skipped.read()),
        amounts,
        skipped.add,
        lambda: new_id(session.now),
    )
    began = session.now
    try:
        review.run()
    except EOFError:
        pass
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    finally:
        took = max(session.now - began, 0)
        end = ReviewEnd(review.tally, took, asked, None if review.is_done else go_on)
        session.screen.draw(lambda display: draw_end(display, end))
