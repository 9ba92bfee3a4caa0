"""Answers about leads: the seed's response fields (section 2)."""

from pydantic import Field

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.models import AffiliateStats, Lead


class Leads(Listing):
    """Leads, newest first."""

    leads: list[Lead]


class LeadSubmitted(Answer):
    """The id of a stored lead."""

    lead_id: str


class LeadShown(Answer):
    """One lead and the stats of the affiliate it credits."""

    lead: Lead
    stats: AffiliateStats


class LeadDecided(Answer):
    """A lead after a decision; `changed` is False when the same decision had been made before.

    `new_status` is the lead's status.
    """

    lead: Lead
    changed: bool
    new_status: str = Field(default_factory=lambda values: values["lead"].status)
