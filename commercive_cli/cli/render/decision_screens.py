"""The screen of `leads decide`: what was decided, and which rows were refused and why."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.bulk import FileDecided, RowDecided
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.models import Lead
from commercive_cli.domain.quoting import shortened

NAMED = 20
"""Refused rows that are shown one by one; of more, how many there are of each kind."""

_REASONS = {
    "conflict": "changed since, or decided otherwise",
    "not_found": "there is no such lead",
    "denied": "not yours to approve",
    "unavailable": "the store did not take it",
}


def _why(row: RowDecided) -> str:
    assert isinstance(row.result, Failed)
    return row.result.error.removeprefix(f"lead {shortened(row.id)} ")


_REFUSED = (
    Column("row", "count", weight=NEVER_DROPPED),
    Column("id", "id", title="lead", names=True),
    Column("why", "prose", "*", words=_why),
)


def draw_file_decided(display: Display, answer: FileDecided, _: Asked) -> None:
    """Write how many were decided, which rows were refused, and where every row's result is."""
    decided = [row.result for row in answer.results if isinstance(row.result, LeadDecided)]
    refused = [row for row in answer.results if isinstance(row.result, Failed)]
    _write_decided(display, [each.lead for each in decided if each.changed], len(decided), len(refused))
    if refused:
        display.gap()
        _write_refused(display, refused)
        display.gap()
    told = ("Every row's result:", answer.result_file)
    for line in (" ".join(told),) if len(" ".join(told)) <= display.width else told:
        display.line((line, "quiet"))  # a path stays whole, to be copied


def _write_decided(display: Display, changed: Sequence[Lead], decided: int, refused: int) -> None:
    before = decided - len(changed)
    if not decided + refused:
        display.sentence("No row has a decision; nothing was written")
        return
    if not changed:
        words = [_before(before)] if before else []
        words += [f"{refused:,} refused"] if refused else []
        display.sentence(f"{', '.join(words)}; nothing was written")
        return
    approved = [lead for lead in changed if lead.status == "approved"]
    money = sum((lead.commission_amount or Decimal() for lead in approved), Decimal())
    words = [f"{len(approved):,} approved for {money:,.2f} USD"] if approved else []
    words += [f"{len(changed) - len(approved):,} rejected"] if len(approved) < len(changed) else []
    same = f"; {_before(before)}" if before else ""
    display.sentence(("✓ ", "good"), f"{len(changed):,} decided: {', '.join(words)}{same}")
    if refused:
        display.sentence(("! ", "bad"), f"{refused:,} refused, nothing was written for them")


def _before(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'} decided so before"


def _write_refused(display: Display, refused: Sequence[RowDecided]) -> None:
    if len(refused) > NAMED:
        codes = Counter(row.result.code for row in refused if isinstance(row.result, Failed))
        for code, count in codes.most_common():
            display.sentence(f"{count:,} {_REASONS.get(code, code)}", indent=2)
    else:
        for row in refused:
            display.meet("lead", row.id)
        print_table(display, _REFUSED, refused)
