"""Questions to the user, which need a terminal."""

import sys

from commercive_cli.cli.interrupts import wait_for_input
from commercive_cli.cli.render.escape import escape
from commercive_cli.domain.errors import Invalid

YES = "pass --yes to go on"


def confirm(question: str, *, yes: bool, otherwise: str = "nothing was written") -> None:
    """Return when the user agrees or passed --yes; raise Invalid when they do not, or when there is no terminal.

    `otherwise` says how things are when they do not.
    """
    if yes:
        return
    answer = ask(f"{question} [y/N] ", YES)
    if answer.strip().lower() not in ("y", "yes"):
        raise Invalid(f"cancelled; {otherwise}")


def ask(prompt: str, advice: str) -> str:
    """Return the line that the user types after the prompt; raise Invalid with `advice` when there is no terminal."""
    check_terminal(advice)
    sys.stderr.write(escape(prompt))
    sys.stderr.flush()
    wait_for_input(sys.stdin.fileno())
    return sys.stdin.readline()


def check_terminal(advice: str) -> None:
    """Raise Invalid with `advice` when there is no terminal to ask on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Invalid(f"this needs an answer, and there is no terminal to ask on; {advice}")
