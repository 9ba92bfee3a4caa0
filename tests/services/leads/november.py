"""Made-up leads of November 2026 in Berlin, whose figures are computed by hand where they are used."""

from datetime import datetime
from zoneinfo import ZoneInfo

from commercive_cli.domain.ids import uuid7
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS

BERLIN = ZoneInfo("Europe/Berlin")
H = 3_600_000


def at(day: int, clock: str) -> int:
    """Return the time in ms of a day of November and a time in Berlin."""
    hour, minute = map(int, clock.split(":"))
    return int(datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).timestamp() * 1000)


SINCE, UNTIL, NOW = at(9, "00:00"), at(23, "00:00") - 1, at(27, "09:30")
"""Two whole weeks, W46 and W47, and a moment after them."""


def _lead(
    number: int, affiliate: str, day: int, clock: str, status: str, after: int | None = None, **more: object
) -> Item:
    submitted = at(day, clock)
    decided = {} if after is None else {"reviewed_at": submitted + after, "reviewed_by": "jonas"}
    return {
        "lead_id": uuid7(submitted, number),
        "created_at": submitted,
        "updated_at": submitted + (after or 0),
        "affiliate_id": affiliate,
        "link_id": f"L-{affiliate}",
        "status": status,
        "lead_name": f"Lead {number}",
        **decided,
        **more,
    }


MONTH = (
    _lead(1, "nord", 9, "00:00", "approved", 2 * H, commission_amount=10),
    _lead(2, "nord", 10, "12:00", "approved", 30 * H, commission_amount=25),
    _lead(3, "nord", 15, "23:59", "rejected", 4 * H),
    _lead(4, "nord", 16, "00:00", "pending"),
    _lead(5, "nord", 22, "23:59", "approved", 6 * H, commission_amount=1),
    _lead(6, "tinta", 12, "08:00", "rejected", 0),
    # Imported: the old system did not say when, or wrote a time before the submission.
    _lead(7, "tinta", 13, "08:00", "approved", commission_amount=5),
    _lead(8, "tinta", 14, "08:00", "rejected", -H),
    # A commission that the old system left on what it rejected is nobody's money.
    _lead(9, "tinta", 17, "08:00", "rejected", 8 * H, commission_amount=999),
    _lead(10, "nord", 8, "23:59", "approved", H, commission_amount=500),  # before
    _lead(11, "tinta", 23, "00:00", "pending"),  # after
    {**_lead(12, "tinta", 18, "08:00", "approved", H), "status": "perhaps"},
    {**_lead(13, "nord", 18, "08:00", "approved", H), "commission_amount": "12,50"},
)


def fill(store: Store) -> None:
    """Store the leads."""
    store.batch_put(LEADS, list(MONTH))
