"""The one family of errors that services raise; the CLI maps them to exit codes, the API to HTTP statuses."""

from collections.abc import Callable
from typing import ClassVar

SAME_KEY = "retry with the same key (--key, in the API Idempotency-Key)"
"""What to do when nobody knows whether a write arrived."""


class CommerciveError(Exception):
    """An error to show to the caller: `message` says what happened and what to do next.

    `code` is the stable, machine-readable name of the error; `field` names the wrong input when there is one.
    `answer_begun` says that a part of an answer was written before, `partly_done` that a part of the request was done.
    """

    code: ClassVar[str] = "internal"
    answer_begun: bool = False
    partly_done: bool = False

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        """Return the message."""
        return self.message


class Invalid(CommerciveError):
    """The input breaks a rule; nothing was written."""

    code = "invalid_input"


class IllFormed(Invalid):
    """The text holds characters that no store can carry."""


class Unauthenticated(CommerciveError):
    """The caller is unknown: credentials are missing, expired or wrong."""

    code = "unauthenticated"


class NoCredentials(Unauthenticated):
    """There are no credentials to ask the store with; nothing was sent to it."""


class Denied(CommerciveError):
    """The caller is known and may not do this."""

    code = "denied"


class Forbidden(Denied):
    """A rule of ours forbids it to this caller; the credentials for the store are fine, and nothing was written."""


class NotFound(CommerciveError):
    """There is no such thing, or it belongs to somebody else."""

    code = "not_found"


class Conflict(CommerciveError):
    """The thing is in another state than the request assumes; nothing was written."""

    code = "conflict"


class WrittenSince(Conflict):
    """Somebody wrote after the message that was to be the last one; `new` shows what, `last` is the newest shown."""

    def __init__(self, message: str, *, new: str, last: str | None) -> None:
        super().__init__(message)
        self.new = new
        self.last = last


class ConversationClosed(Conflict):
    """The conversation is closed, and the message was not to open it again."""


class HeldByOther(Conflict):
    """Somebody else has claimed the conversation."""


class RateLimited(CommerciveError):
    """Too many requests from this source; try again later."""

    code = "rate_limited"


class Unavailable(CommerciveError):
    """The store cannot answer now: throttled, contended or unreachable."""

    code = "unavailable"


class NotTaken(Unavailable):
    """The store could not be asked, or refused for now: it did nothing of what this request wanted."""


class BeginAnew(Exception):
    """The first reply of a store shows that all so far went by a wrong clock: to be done again by `clock`.

    Nothing was written and nothing answered. It is no error to be told, so no handler of those may hear of it.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__()
        self.clock = clock


class Misconfigured(CommerciveError):
    """Something has to be set up first: a table or file is missing, a table is not ours, or the region is unknown."""

    code = "misconfigured"


class NotPermitted(Misconfigured):
    """The credentials of this program lack a permission in the store."""


class Damaged(CommerciveError):
    """A stored item lacks what a write depends on; the audit names every such item, and `tables mend` repairs it."""

    code = "conflict"
