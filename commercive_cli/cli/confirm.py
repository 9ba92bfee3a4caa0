"""Questions to the user, which need a terminal."""

import sys

from commercive_cli.cli.interrupts import wait_for_input
from commercive_cli.cli.render.escape import escape
from commercive_cli.domain.errors import Invalid


def confirm(question: str, *, yes: bool) -> None:
    """Return when the user agrees or passed --yes; raise Invalid when they do not, or when there is no terminal."""
    if yes:
        return
    answer = ask(f"{question} [y/N] ", "pass --yes to go on")
    if answer.strip().lower() not in ("y", "yes"):
        raise Invalid("cancelled; nothing was written")


def ask(prompt: str, advice: str) -> str:
    """Return the line that the user types after the prompt; raise Invalid with `advice` when there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Invalid(f"this needs an answer, and there is no terminal to ask on; {advice}")
    sys.stderr.write(escape(prompt))
    sys.stderr.flush()
    wait_for_input(sys.stdin.fileno())
    return sys.stdin.readline()
