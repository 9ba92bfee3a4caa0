"""The only place where errors become HTTP statuses and JSON bodies (ARCHITECTURE.md, "Errors")."""

import json
from typing import Any

from commercive_cli.api.http.events import Reply, TooLarge
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    Damaged,
    Denied,
    Invalid,
    Misconfigured,
    NotFound,
    NotTaken,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

BUG = 500
BUG_TEXT = "something is wrong on our side; nothing more is known, try again later"
UNAVAILABLE_TEXT = "the store cannot answer now and the outcome is unknown; retry with the same Idempotency-Key"
NOT_TAKEN_TEXT = "the store is busy or cannot be reached, and did not take this request; try again"
PARTLY_DONE_TEXT = (
    "the store took a part of this request, and whether it took the rest is not known; retry with the same "
    "Idempotency-Key"
)
MISCONFIGURED_TEXT = (
    "this service's tables, permissions or credentials are not set up, so nothing was done; its operators find the "
    "reason in the log, and with `commercive tables diff`"
)
RETRY_SECONDS = 1


class UnknownAction(NotFound):
    """No action has this name."""

    code = "unknown_action"


class OutsideUnavailable(Unavailable):
    """A service other than the store cannot answer now; the message says what that means for the request."""


class NoKeys(OutsideUnavailable):
    """Nobody can tell who is asking, for want of the keys of access tokens; nothing was done."""


class NoSecrets(OutsideUnavailable):
    """The secrets of the service cannot be read, so that nobody can be judged by them; nothing was done."""


class WrongMethod(CommerciveError):
    """The action exists, but not for this HTTP method; `allow` are its methods."""

    code = "wrong_method"

    def __init__(self, message: str, allow: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allow = allow


STATUSES: dict[type[CommerciveError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Denied: 403,
    NotFound: 404,
    UnknownAction: 404,
    WrongMethod: 405,
    Conflict: 409,
    TooLarge: 413,
    RateLimited: 429,
    Unavailable: 503,
    Misconfigured: 503,
    Damaged: 409,
}


def failure(error: Exception) -> Reply:
    """Return the reply for an error; for bugs and store failures it has a fixed text, as details belong in the log."""
    status, body = _failed(error)
    return Reply(status, to_json(body.model_dump(mode="json")), _headers(error))


def code_of(error: Exception) -> str:
    """Return the error's code, `internal` for a bug."""
    return error.code if isinstance(error, CommerciveError) else CommerciveError.code


def to_json(value: dict[str, Any]) -> str:
    """Return JSON text; characters that UTF-8 cannot encode are replaced."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def _failed(error: Exception) -> tuple[int, Failed]:
    status = _status(error)
    if status == BUG:
        return status, Failed(error=BUG_TEXT, code=CommerciveError.code)
    if isinstance(error, Unavailable | Misconfigured) and error.partly_done:
        return status, Failed(error=PARTLY_DONE_TEXT, code=error.code)
    if isinstance(error, Misconfigured) and error.outcome_unknown:
        return status, Failed(error=UNAVAILABLE_TEXT, code=error.code)
    if isinstance(error, Misconfigured):
        return status, Failed(error=MISCONFIGURED_TEXT, code=error.code)
    if isinstance(error, NotTaken):
        return status, Failed(error=NOT_TAKEN_TEXT, code=error.code)
    is_unknown = isinstance(error, Unavailable) and not isinstance(error, OutsideUnavailable)
    return status, Failed(error=UNAVAILABLE_TEXT if is_unknown else str(error), code=code_of(error))


def _status(error: Exception) -> int:
    return next((STATUSES[base] for base in type(error).__mro__ if base in STATUSES), BUG)


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case WrongMethod():
            return {"allow": ", ".join(error.allow)}
        case Unauthenticated():
            return {"www-authenticate": "Bearer"}
        case RateLimited():
            return {"retry-after": str(getattr(error, "retry_after", RETRY_SECONDS))}
        case Unavailable() | Misconfigured():
            return {"retry-after": str(RETRY_SECONDS)}
    return {}
