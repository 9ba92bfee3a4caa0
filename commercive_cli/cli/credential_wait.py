"""The wait for AWS's credentials where somebody sits at a terminal: told on stderr, and MFA codes are asked for."""

import sys
from collections.abc import Callable

from commercive_cli.cli.render.escape import escape
from commercive_cli.settings.resolve import Settings
from commercive_cli.store.port import CredentialWait


def credential_wait(settings: Settings, note: Callable[[str], None]) -> CredentialWait:
    """Return how long to wait for credentials, and who sits by; `note` writes to stderr."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        return CredentialWait(settings.credentials_wait_terminal, note, _code)
    return CredentialWait(settings.credentials_wait)


def _code(prompt: str) -> str:
    """Return the code that is typed unseen after the prompt, as with AWS's own command line; empty at the end."""
    from getpass import getpass  # imported late, as few profiles want a code

    try:
        return getpass(escape(prompt), sys.stderr)
    except EOFError:
        return ""
