"""The terminal at which leads are reviewed."""

from collections.abc import Callable, Sequence

from commercive_cli.cli.interrupts import deferred_interrupts
from commercive_cli.cli.keyboard import Keyboard
from commercive_cli.cli.render.display import Display, Part
from commercive_cli.cli.render.review_screens import Card, draw_card, draw_decided
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.models import Lead
from commercive_cli.domain.secrets import redact


class TerminalDesk:
    """Shows leads and asks on the terminal of a session; Ctrl-C raises KeyboardInterrupt, but never within a write."""

    def __init__(self, session: Session, keyboard: Keyboard) -> None:
        self._session = session
        self._keyboard = keyboard
        self._stopped = False

    def show(self, card: Card) -> None:
        """Show a lead."""
        self._session.log_access(card.shown)
        self._session.screen.draw(lambda display: draw_card(display, card))

    def show_decided(self, lead: Lead) -> None:
        """Show how a lead was decided."""
        self._session.log_access(lead)
        self._session.screen.draw(lambda display: draw_decided(display, lead))

    def tell(self, words: str, role: Role = "") -> None:
        """Show a sentence."""
        self._session.screen.draw(lambda display: display.sentence((redact(words), role)))

    def key(self, choices: Sequence[str]) -> str:
        """Return which of some words was chosen by its first letter, which needs no Enter."""
        question = "  ".join(f"{each[0]} {each}" for each in choices)
        chosen = self._keyboard.key("".join(each[0] for each in choices), lambda: self._ask(f"{question}: "))
        self._session.screen.out.write(f"{chosen}\n")
        self._session.screen.out.flush()
        return next(each for each in choices if each.startswith(chosen))

    def line(self, question: str) -> str:
        """Return the line that answers a question."""
        self._ask(question)
        return self._keyboard.line()

    def write(self, call: Callable[[], LeadDecided]) -> LeadDecided:
        """Carry out a write; after a Ctrl-C meanwhile, the next question ends the review."""
        with deferred_interrupts() as stop:
            decided = call()
            self._session.log_access(decided)
        self._stopped = self._stopped or stop.is_set()
        return decided

    def _ask(self, question: str) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        role: Role = "attention" if question.startswith("!") else ""
        words: Part = (question.rstrip(" "), role)

        def asked(display: Display) -> None:
            *lines, last = display.wrapped(display.text(words), display.width - 1)
            for line in lines:
                display.write(line)
            display.console.print(last, soft_wrap=True, end=" ")

        self._session.screen.draw(asked)
