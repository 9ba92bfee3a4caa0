"""Looks at the credentials before they are used: what no header can carry is said in words that hold none of it."""

from botocore.session import Session

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.domain.secrets import remember_secrets

_VARIABLES = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}
_ENVIRONMENT = "env"
"""botocore's name for credentials from the environment."""


def check_credentials(session: Session) -> None:
    """Hide the credentials from messages; raise Misconfigured, naming the wrong one, when it has odd characters.

    A line end at the end is the usual mistake, as when a file was read into a variable. Sent as they are, such keys end
    in an error of the HTTP client that quotes them, or in a signature that the server refuses.
    """
    credentials = session.get_credentials()
    if credentials is None:
        return
    frozen = credentials.get_frozen_credentials()
    values = {name: getattr(frozen, name) for name in _VARIABLES}
    remember_secrets(values.values())
    for name, value in values.items():
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            raise Misconfigured(
                f"{_named(name, credentials.method)} holds a space, a line end or another character that no such key "
                "has; nothing was sent, set it again without it"
            )


def _named(name: str, method: str) -> str:
    variable = _VARIABLES[name]
    return variable if method == _ENVIRONMENT else f"{variable.lower()} of the AWS credentials from {method}"
