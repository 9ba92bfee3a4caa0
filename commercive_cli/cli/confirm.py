"""Asking before something is destroyed: on a terminal, and never where nobody could answer."""

import sys

from commercive_cli.cli.render.escape import escape
from commercive_cli.domain.errors import Invalid


def confirm(question: str, *, yes: bool) -> None:
    """Return when the user agrees or passed --yes; raise Invalid when they do not, or when nobody can be asked."""
    if yes:
        return
    answer = ask(f"{question} [y/N] ", "pass --yes to go on")
    if answer.strip().lower() not in ("y", "yes"):
        raise Invalid("cancelled; nothing was written")


def ask(prompt: str, instead: str) -> str:
    """Return what the user types after the prompt on stderr; `instead` says what to do where nobody can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Invalid(f"this asks first, and there is no terminal to ask on; {instead}")
    sys.stderr.write(escape(prompt))
    sys.stderr.flush()
    return sys.stdin.readline()
