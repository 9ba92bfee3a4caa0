"""The affiliates with most of a figure: their rows, with a bar for that figure."""

from decimal import Decimal
from operator import attrgetter

from commercive_cli.cli.render.charts import bars, plural
from commercive_cli.cli.render.columns import STATS, Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.listings import AFFILIATES
from commercive_cli.cli.render.screens import DRAWN
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.affiliates import TopAffiliates
from commercive_cli.domain.figures import average
from commercive_cli.services.affiliates.ranking import FIGURES

_WORDS = {"commission": "commission", "approved": "approved leads", "leads": "leads"}
_UNITS = {"commission": " USD", "approved": "", "leads": ""}
_COLUMNS = (
    *(each for each in AFFILIATES if each.name not in ("pending_leads", "rejected_leads", "last_updated")),
    Column("average", "money", "*", weight=6, words=lambda each: average(each.total_commission, each.approved_leads)),
)


def draw_top(display: Display, answer: TopAffiliates) -> None:
    """Write the affiliates; what bars show, the figures beside them say."""
    found, figure = answer.affiliates, attrgetter(FIGURES[answer.by])
    if not found:
        display.line("No affiliates.")
        return
    display.sentence(_sentence(answer, sum(map(figure, found))))
    display.gap()
    print_table(display, (*_COLUMNS, bars(figure, figure(found[0]))), found)
    display.gap()
    if answer.damaged:
        whose = plural(answer.damaged, "affiliate")
        display.sentence((f"! the stats of {whose} cannot be read and count as zero; this counts again:", "bad"))
        display.line("commercive affiliates recompute --all")
    display.sentence(("from the stats, no lead was read: commercive affiliates top -h", "quiet"))


def _sentence(answer: TopAffiliates, theirs: int | Decimal) -> str:
    those = plural(answer.of_affiliates, "affiliate")
    first = "" if len(answer.affiliates) == answer.of_affiliates else f"The first {len(answer.affiliates):,} of "
    form = ",.2f" if answer.by == "commission" else ","
    amounts = " of ".join(format(each, form) for each in (theirs, answer.of_total))
    return f"{first}{those} by {_WORDS[answer.by]}: {amounts}{_UNITS[answer.by]}"


VIEWS[TopAffiliates] = View(lambda answer: answer.affiliates, STATS, empty="No affiliates.")
DRAWN[TopAffiliates] = lambda display, answer, _: draw_top(display, answer)
