"""What `leads review` writes to a terminal between its questions."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import cast

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.review_screens import (
    Card,
    ReviewEnd,
    Tally,
    draw_card,
    draw_decided,
    draw_end,
)
from commercive_cli.domain.answers.flags import Flag
from commercive_cli.domain.answers.leads import LeadShown
from commercive_cli.domain.models import AffiliateStats
from tests.cli.render.answers import LEADS, MAJA, MINUTE
from tests.cli.render.flag_answers import BURST, OWN, PHONE, shown

TALLY = Tally(approved=2, money=Decimal("1051.00"), rejected=1, skipped=3)
EMAIL = Flag(flag="same_email", others=(MAJA,), count=1)


def card(*flags: Flag, **changes: object) -> Callable[[Display], None]:
    answer = cast("LeadShown", shown(*flags)[0])
    answer = answer.model_copy(update={"lead": answer.lead.model_copy(update=changes)})
    return partial(draw_card, card=Card(answer, 3, "41", TALLY))


def of_nobody() -> Callable[[Display], None]:
    answer = cast("LeadShown", shown()[0])
    lead = answer.lead.model_copy(update={"affiliate_id": "", "damaged": ("affiliate_id",), "lead_name": "Maja " * 39})
    answer = LeadShown(lead=lead, stats=AffiliateStats.of({"affiliate_id": ""}))
    return partial(draw_card, card=Card(answer, 3, "41", TALLY))


def end(tally: Tally, go_on: str | None) -> Callable[[Display], None]:
    return partial(draw_end, end=ReviewEnd(tally, 9 * MINUTE, Asked("lead", "pending", ("since 7d",)), go_on))


REVIEWS: dict[str, Callable[[Display], None]] = {
    "leads-review": card(),
    "leads-review-flagged": card(OWN, EMAIL, PHONE, BURST, admin_notes="Asked for the shop.\nNo answer yet."),
    "leads-review-bare": card(lead_name="", lead_phone="", product_link="", order_volume="", pending_orders=""),
    "leads-review-nobody": of_nobody(),
    "leads-review-decided": partial(draw_decided, lead=LEADS[1]),
    "leads-review-rejected": partial(draw_decided, lead=LEADS[3]),
    "leads-review-end": end(TALLY, "commercive leads review --since=7d"),
    "leads-review-end-all": end(replace(TALLY, skipped=0), None),
    "leads-review-end-nothing": end(Tally(), "commercive leads review --since=7d"),
    "leads-review-end-none": end(Tally(), None),
}
