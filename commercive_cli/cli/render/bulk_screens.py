"""The screen of work on many items: what became of each, or would, with times and money as people have them."""

from collections.abc import Sequence
from decimal import Decimal

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.lead_screens import amount_of
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.sentences import DONE
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import in_words
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.answers.chat import Claimed, Snoozed
from commercive_cli.domain.answers.leads import LeadDecided

MOST_ROWS = 20
"""Items that have a row each; of more the failed ones are on stderr, and the others are counted."""


def draw_bulk(display: Display, answer: Bulk, _: Asked) -> None:
    """Write a row for each item, or how many were done and how many failed."""
    failed = sum(not each.result.success for each in answer.results)
    if len(answer.results) <= MOST_ROWS:
        _print_results(display, answer.results, "result")
        return
    display.sentence((DONE, "good"), f"{len(answer.results) - failed:,} done")
    if failed:
        display.sentence(("! ", "bad"), f"{failed:,} failed")


def draw_rehearsed(display: Display, answer: Bulk) -> None:
    """Write what would become of each item, of many of the first ones, and what the approvals come to."""
    _print_results(display, answer.results[:MOST_ROWS], "would be")
    if (more := len(answer.results) - MOST_ROWS) > 0:
        display.line((f"and {more:,} more", "quiet"))
    decided = [each.result for each in answer.results if isinstance(each.result, LeadDecided) and each.result.changed]
    amounts = [each.lead.commission_amount or Decimal() for each in decided if each.lead.status == "approved"]
    if amounts:
        many = "lead" if len(amounts) == 1 else "leads"
        display.sentence("Together ", (f"{sum(amounts):,.2f} USD", "strong"), f" for {len(amounts):,} {many}.")


def _print_results(display: Display, results: Sequence[BulkResult], title: str) -> None:
    columns = (
        Column("id", "id"),
        Column("result", "prose", title=title, words=lambda each: _in_words(display, each), look=_look),
    )
    print_table(display, columns, results)


def _in_words(display: Display, result: Answer | Failed) -> str:
    match result:
        case Claimed():
            return f"held by {result.holder} until {display.moments.until(result.until)}"
        case Snoozed():
            return f"put off until {display.moments.until(result.until)}"
        case LeadDecided() if told := amount_of(result.lead):
            return f"{in_words(result)} for {told}"
    return in_words(result)


def _look(words: str, _: int) -> Role:
    return "bad" if words.startswith("failed") else ""
