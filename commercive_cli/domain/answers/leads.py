"""Answers about leads: the seed's response fields (section 2)."""

from pydantic import Field

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.answers.flags import Compared, Flag, FlaggedLead
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.models import AffiliateStats, Lead


class Leads(Listing):
    """Leads, newest first."""

    leads: list[Lead]


class FlaggedLeads(Listing):
    """Leads with their flags among all leads, newest first."""

    leads: list[FlaggedLead]


class LeadSubmitted(Answer):
    """The id of a stored lead."""

    lead_id: str


class LeadShown(Answer):
    """One lead and the stats of the affiliate it credits.

    `flags` are those that it has among leads of this affiliate, and `compared` says how many these were; without it,
    flags were not looked for. `named` are leads that the flags name first, for screens.
    """

    lead: Lead
    stats: AffiliateStats
    flags: tuple[Flag, ...] = ()
    compared: Compared | None = None
    named: tuple[Lead, ...] = Field(default=(), exclude=True)


class LeadHistory(History):
    """What happened to a lead, and the words that stand now: audit rows hold none, which an erasure could not reach."""

    rejection_reason: str | None
    admin_notes: str | None


class LeadDecided(Answer):
    """A lead after a decision; `changed` is False when it had this decision, and these words with it, before.

    `new_status` is the lead's status. `ignored` names what was given and means nothing for this decision.
    """

    lead: Lead
    changed: bool
    ignored: tuple[str, ...] = ()
    new_status: str = Field(default_factory=lambda values: values["lead"].status)
