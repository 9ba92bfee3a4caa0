"""Answers that say the flags of leads."""

from pydantic import BaseModel

from commercive_cli.cli.render.asked import Asked
from commercive_cli.domain.answers.flags import Compared, Flag, FlaggedLead
from commercive_cli.domain.answers.leads import FlaggedLeads, LeadShown
from commercive_cli.domain.models import Lead
from tests.cli.render.answers import LEADS, MAJA, SOREN, STATS

OWN = Flag(flag="self_referral", same=("email", "store"))
PHONE = Flag(flag="same_phone", others=(MAJA, SOREN), count=2)
BURST = Flag(flag="many_at_once", others=(MAJA,), count=3, minutes=10, link_id="WCPF0A04")


def flagged(lead: Lead, *flags: Flag) -> FlaggedLead:
    return FlaggedLead(**{**dict(lead), "flags": flags})


def shown(*flags: Flag, among: int = 13, everything: bool = True) -> tuple[BaseModel, Asked]:
    compared = Compared(leads=among, all_of_affiliate=everything)
    return LeadShown(lead=LEADS[0], stats=STATS, flags=flags, named=(LEADS[1],), compared=compared), Asked()


FLAGGED: dict[str, tuple[BaseModel, Asked]] = {
    "leads-list-flags": (
        FlaggedLeads(leads=[flagged(LEADS[0], PHONE, BURST), flagged(LEADS[1], PHONE), *map(flagged, LEADS[2:])]),
        Asked("lead", after=("since 7d",)),
    ),
    "leads-duplicates": (FlaggedLeads(leads=[flagged(LEADS[0], OWN, PHONE, BURST)]), Asked("lead", "flagged")),
    "leads-duplicates-none": (FlaggedLeads(leads=[]), Asked("lead", "flagged")),
    "leads-show-flagged": shown(OWN, PHONE, BURST),
    "leads-show-no-flags": shown(),
    "leads-show-nearest": shown(PHONE, among=1000, everything=False),
    "leads-show-only-one": shown(OWN, among=0),
    "leads-show-only-one-no-flags": shown(among=0),
}
