"""Answers about affiliates, their links and stats: the seed's response fields (section 2)."""

from pydantic import Field

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Lead, Sparse


class Affiliates(Listing):
    """Affiliates with their stats, in no particular order."""

    affiliates: list[AffiliateStats]


class LinkFound(Answer):
    """An affiliate's link, or None."""

    affiliate_link: AffiliateLink | None


class LinkCreated(Answer):
    """An affiliate's link for a store; `created` is False when it existed.

    `kept` is what an existing link holds where something else was given, by attribute: the given value is not stored.
    """

    affiliate_url: str
    link_id: str
    affiliate_id: str
    created: bool
    kept: dict[str, str] = Field(default_factory=dict)


class EmailSet(Answer):
    """An affiliate's e-mail address, and the links that had another one before."""

    affiliate_id: str
    affiliate_email: str
    changed: bool
    link_ids: list[str]


class FormURLSet(Answer):
    """The link that Supabase shows for an affiliate, and what it showed before; equal when `changed` is False."""

    affiliate_id: str
    before: str | None
    form_url: str
    changed: bool


class Stats(Answer):
    """One affiliate's counts and commissions."""

    stats: AffiliateStats


class AffiliateShown(Answer):
    """An affiliate: links, stats and the latest leads."""

    affiliate_id: str
    stats: AffiliateStats
    affiliate_links: list[AffiliateLink]
    leads: list[Lead]


class Recomputed(Sparse):
    """One affiliate's stats before and after counting its leads again; equal when nothing was wrong."""

    affiliate_id: str
    changed: bool
    before: AffiliateStats
    after: AffiliateStats


class Recomputation(Answer):
    """The result of recomputing stats: how many affiliates were checked, and each one that was wrong.

    `damaged` are ids of leads that cannot be read; the stats of their affiliates were left alone.
    """

    checked: int
    changed: list[Recomputed]
    damaged: tuple[str, ...] = ()
