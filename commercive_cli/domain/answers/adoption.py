"""Answers of adoptions: what was brought over from the backend before this one, and how both sides compare."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.money import Money


class AdoptionProblem(BaseModel):
    """One kind of problem in a table there: how many items have it, what is done about it, and examples."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    kind: str
    table: str
    count: int
    done: str
    examples: list[str]


class AdoptedTable(BaseModel):
    """What became of the items of one table there.

    `read` is the sum of the others but `made`, which have no item there: links that are made of leads.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    table: str
    read: int = 0
    brought: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    quarantined: int = 0
    made: int = 0


class Balance(BaseModel):
    """One figure on both sides.

    `there` is what the source says. `put_aside` is what of that is in quarantine or was left, `mended` the difference
    that mending made, `changed_here` the one that changes here made since. All four together are `expected`, and `here`
    is what the tables here hold of what was adopted.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    figure: str
    there: Money
    put_aside: Money = Decimal(0)
    mended: Money = Decimal(0)
    changed_here: Money = Decimal(0)
    expected: Money
    here: Money
    balanced: bool


class Adopted(Answer):
    """An adoption: of which source, what became of its items, what was wrong with them, and the reconciliation.

    `skipped` are tables there that are not ours to adopt. `quarantine` is the file with what could not be brought,
    `in_quarantine` how many items that are. A dry run has no reconciliation.
    """

    source: str
    dry_run: bool
    final: bool
    tables: list[AdoptedTable]
    problems: list[AdoptionProblem]
    skipped: list[str]
    in_quarantine: int
    quarantine: str | None = None
    reconciliation: list[Balance]
