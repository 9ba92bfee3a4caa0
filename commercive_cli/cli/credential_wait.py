"""The wait for AWS's credentials where somebody sits at a terminal: told on stderr, and MFA codes are asked for."""

import os
import select
import sys
from collections.abc import Callable

from commercive_cli.cli.errors import say
from commercive_cli.domain.stopping import is_stopped
from commercive_cli.settings.resolve import Settings
from commercive_cli.store.port import CredentialWait

_LOCAL = 3
"""Where a terminal's attributes say whether it shows what is typed."""

_LOOKS_EVERY = 0.1


def credential_wait(settings: Settings, note: Callable[[str], None]) -> CredentialWait:
    """Return how long to wait for credentials, and who sits by; `note` writes to stderr."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        return CredentialWait(settings.credentials_wait_terminal, note, _code)
    return CredentialWait(settings.credentials_wait)


def _code(prompt: str) -> str:
    """Return the code that is typed unseen after the prompt, as AWS's own command line asks; empty after Ctrl-C.

    In whatever thread this is, and beside bars that are drawn anew: those let no prompt stand that has no line end.
    """
    if os.name != "posix":  # Windows cannot wait for a terminal and for Ctrl-C at once
        say(prompt.rstrip())
        return sys.stdin.readline()
    import termios  # imported late, as few profiles want a code

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    unseen = [*before[:_LOCAL], before[_LOCAL] & ~termios.ECHO, *before[_LOCAL + 1 :]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, unseen)
    try:
        say(prompt.rstrip())
        while not is_stopped():
            if select.select([terminal], [], [], _LOOKS_EVERY)[0]:
                return sys.stdin.readline()
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    return ""
