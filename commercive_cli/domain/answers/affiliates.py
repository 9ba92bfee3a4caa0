"""Answers about affiliates, their links and stats: the seed's response fields (section 2)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.answers.flags import FlaggedLead
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Lead, Sparse
from commercive_cli.domain.money import Money


class Affiliates(Listing):
    """Affiliates with their stats, in no particular order."""

    affiliates: list[AffiliateStats]


RankedBy = Literal["commission", "approved", "leads"]


class TopAffiliates(Answer):
    """The affiliates with most of the figure `by`, most first, equal ones by id.

    `of_affiliates` have stats, and `of_total` is what they all have together of that figure (USD for `commission`).
    Of `damaged` ones it cannot be read, so that it counts as zero.
    """

    by: RankedBy
    affiliates: list[AffiliateStats]
    of_affiliates: int
    of_total: int | Money
    damaged: int = 0


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


class LinkUse(Sparse):
    """What came through one link, and when (ms) the latest of it did; `commission` is of the approved ones."""

    link_id: str
    leads: int = 0
    approved: int = 0
    commission: Money = Decimal("0.00")
    latest_at: int | None = None


class AffiliateShown(Answer):
    """An affiliate: links, stats and the latest leads.

    `link_uses` says what came through each of the links, and through those that are gone, most leads first. It counts
    the latest `counted_leads`, which are all of them if `counted_all`.
    """

    affiliate_id: str
    stats: AffiliateStats
    affiliate_links: list[AffiliateLink]
    leads: Sequence[Lead]
    link_uses: list[LinkUse]
    counted_leads: int
    counted_all: bool


class AffiliateFlagged(AffiliateShown):
    """An affiliate whose latest leads have their flags among the `compared` latest ones, all if `compared_all`."""

    leads: Sequence[FlaggedLead]
    compared: int
    compared_all: bool


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
