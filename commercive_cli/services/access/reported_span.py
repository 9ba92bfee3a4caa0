"""The time that a report is about: it ends now at the latest, and is no longer than ten years."""

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.paging import check_span

MOST_DAYS = 3_660
"""Days that a report may be about: each is a row of it, or a part of one."""

_DAY_MS = 86_400_000


def reported_span(since: int, until: int | None, now: int) -> tuple[int, int]:
    """Return the first and the last millisecond reported on; `until` None, or to come, means now.

    Raises Invalid when the time ends before it begins, begins in the future, or is longer than 3,660 days.
    """
    check_span(since, until)
    last = now if until is None else min(until, now)
    if last < since:
        raise Invalid("since lies in the future, so there is nothing to report", field="since")
    if last - since > MOST_DAYS * _DAY_MS:
        raise Invalid(f"a report is about {MOST_DAYS:,} days at most; name a later --since", field="since")
    return since, last
