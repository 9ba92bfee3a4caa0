"""`chat next`, and how a terminal goes on after an answer."""

from typing import TYPE_CHECKING

from commercive_cli.cli.errors import say
from commercive_cli.cli.render.formats import Format
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.chat import NextUp, NothingWaits
from commercive_cli.domain.errors import CommerciveError, Invalid
from commercive_cli.services.chat.claims import USUAL

if TYPE_CHECKING:
    from commercive_cli.services.chat.desk import DeskService


def claim_next(session: Session, desk: "DeskService", *, duration: int = USUAL, key: str | None = None) -> None:
    """Claim the conversation that waits longest and nobody holds, and show it."""

    def claimed() -> Answer:
        claim = desk.claim_next(session.actor, duration=duration, key=key)
        if claim is None:
            return NothingWaits()
        return NextUp.model_validate(dict(desk.show(claim.conversation_id)) | {"others": claim.others})

    shown = session.write(claimed)
    if isinstance(shown, NextUp):
        session.saw(shown.conversation.conversation_id, shown.messages)


def check_next(output: Format, *, then_next: bool) -> None:
    """Raise Invalid where two answers would have to be one document."""
    if then_next and output not in ("table", "wide"):
        raise Invalid(f"--next shows two answers, and -o {output} is one: run `commercive chat next` afterwards")


def go_on(session: Session, desk: "DeskService", *, claim: bool) -> None:
    """Claim and show the next conversation, or tell people of it; the answer before it is sent, whatever comes."""
    try:
        if claim:
            claim_next(session, desk)
        elif session.screen.for_people and not session.options.quiet and (waiting := desk.waiting()):
            words = f"{waiting} {'waits' if waiting == '1' else 'wait'}: commercive chat next"
            session.screen.draw(lambda display: display.line((words, "quiet")))
    except CommerciveError as failed:
        say(f"the answer is sent; what waits next could not be told: {failed.message}")
