"""The answer of `leads report`: what became of the leads of some time, by week and affiliate."""

from decimal import Decimal

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.figures import Percent
from commercive_cli.domain.models import Sparse
from commercive_cli.domain.money import Money


class Funnel(Sparse):
    """What became of the leads that were submitted: `submitted` is pending, approved and rejected together.

    `decided_percent` is of those submitted, `approved_percent` of those decided. `commission` is the sum of the
    approved ones, to the cent, and `average_commission` what one of them has. The percentiles are of the time from
    submission to decision; `undated` decided leads, which do not say when, are not in them. There are no rates,
    averages and percentiles of nothing. `affiliate_id`, `week` (ISO) and its `monday` say whose and when, where it is
    about one.
    """

    affiliate_id: str | None = None
    week: str | None = None
    monday: str | None = None
    submitted: int = 0
    pending: int = 0
    approved: int = 0
    rejected: int = 0
    decided_percent: Percent | None = None
    approved_percent: Percent | None = None
    commission: Money = Decimal("0.00")
    average_commission: Money | None = None
    undated: int = 0
    decision_p50_ms: int | None = None
    decision_p90_ms: int | None = None


class LeadReport(Answer):
    """The leads submitted from `since` to `until` (ms, both inclusive), as they were at `at`, when they were read.

    `affiliate_id` is the only one whose leads these are, None for all. `first_day` and `last_day` are those of `zone`,
    and so are the weeks, which begin on Monday. `weeks` has each week, also an empty one; of `cut_weeks` a part lies
    before `since` or after `until`. `affiliates` has those with leads, most first, and `affiliate_weeks` both together,
    where there were leads. `damaged` leads, which cannot be read, are counted nowhere else.
    """

    since: int
    until: int
    at: int
    zone: str
    first_day: str
    last_day: str
    affiliate_id: str | None
    damaged: int
    total: Funnel
    weeks: list[Funnel]
    cut_weeks: list[str]
    affiliates: list[Funnel]
    affiliate_weeks: list[Funnel]
