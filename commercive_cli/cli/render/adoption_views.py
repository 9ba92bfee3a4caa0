"""The view of adoptions."""

from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.domain.answers.adoption import Adopted, AdoptionProblem, Balance

_MOST_EXAMPLES = 3


def _examples(problem: AdoptionProblem) -> str:
    more = problem.count - _MOST_EXAMPLES
    return "; ".join(problem.examples[:_MOST_EXAMPLES]) + (f"; and {more:,} more" if more > 0 else "")


def _differences(balance: Balance) -> str:
    parts = (
        ("put aside", balance.put_aside),
        ("mended", balance.mended),
        ("changed here", balance.changed_here),
    )
    return ", ".join(f"{value:+,} {name}" for name, value in parts if value)


def balance_sentence(balance: Balance) -> str:
    """Return one figure of both sides in words, for where there is no room for a second table."""
    differences = _differences(balance)
    told = f", {differences}" if differences else ""
    end = "" if balance.balanced else f", expected {balance.expected:,}: it does not balance"
    return f"{balance.figure}: {balance.there:,} there{told}, {balance.here:,} here{end}"


_TABLE = (
    Column("table", "id", names=True),
    *(Column(name, "count") for name in ("read", "brought", "changed", "unchanged", "left")),
    Column("quarantined", "count", title="aside"),
    Column("made", "count"),
)
_PROBLEM = (
    Column("kind", names=True),
    Column("table", "id", weight=NEVER_DROPPED),
    Column("count", "count", weight=NEVER_DROPPED),
    Column("done", "prose"),
    Column("examples", "prose", path="*", words=_examples),
)
_BALANCE = (
    Column("figure", "prose"),
    Column("there", words=lambda value: f"{value:,}", weight=NEVER_DROPPED),
    Column("differences", "prose", path="*", words=_differences),
    Column("here", words=lambda value: f"{value:,}", weight=NEVER_DROPPED),
    Column("balanced", "flag", weight=NEVER_DROPPED),
)

VIEWS[Adopted] = View(
    lambda answer: answer.tables,
    _TABLE,
    (
        Section(lambda answer: answer.tables, _TABLE),
        Section(lambda answer: answer.problems, _PROBLEM, "What was found"),
        Section(lambda answer: answer.reconciliation, _BALANCE, "Both sides"),
    ),
)
