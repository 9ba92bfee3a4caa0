"""The views of what is found, exported and erased of a person."""

from collections.abc import Iterable

from pydantic import BaseModel

from commercive_cli.cli.render.columns import NEVER_DROPPED, Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.screens import DRAWN
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.privacy import PersonErased, PersonExported, PersonFound

_COUNTS = (Column("table", "id"), Column("items", "count"))
_KINDS = (Column("kind", title="theirs"), Column("items", "count", weight=NEVER_DROPPED))
_FOUND = (Column("state", "status"), Column("kind"), Column("items", "count"), Column("id", "id"), Column("reason"))
_CANDIDATES = (
    Column("id", "id", names=True),
    Column("kind", title="what"),
    Column("reason", "prose", title="by"),
)


class _Line(BaseModel):
    """One kind of items that are the person's, or one candidate."""

    state: str
    kind: str
    items: int | None = None
    id: str = ""
    reason: str = ""


class _Counted(BaseModel):
    """The number of items of one table."""

    table: str
    items: int


def _theirs(answer: PersonFound) -> list[_Line]:
    lines = [_Line(state="theirs", kind=kind, items=count) for kind, count in answer.items.items()]
    return [*lines, *([_Line(state="mentioned", kind="others", items=answer.mentions)] if answer.mentions else [])]


def _candidates(answer: PersonFound) -> list[_Line]:
    return [_Line(state="candidate", kind=each.kind, id=each.id, reason=each.reason) for each in answer.candidates]


def _counted(answer: PersonExported | PersonErased) -> list[_Counted]:
    return [_Counted(table=table, items=items) for table, items in answer.items.items()]


def _all(answer: PersonFound) -> Iterable[_Line]:
    return [*_theirs(answer), *_candidates(answer)]


def draw_found(display: Display, answer: PersonFound) -> None:
    """Write what is proven or given, what is theirs by kind, and the candidates with what points to them."""
    known = [*answer.ids, *answer.addresses, *answer.numbers]
    display.sentence(f"Known by {', '.join(known)}" if known else "Nothing is known to be theirs.")
    if theirs := _theirs(answer):
        display.gap()
        print_table(display, _KINDS, [each for each in theirs if each.state == "theirs"])
    if answer.mentions:
        display.gap()
        display.sentence(f"{answer.mentions:,} of others name them: there, an erasure replaces no more than that.")
    display.gap()
    if not answer.candidates:
        display.sentence("No candidates: nothing else points to them.")
        return
    count = len(answer.candidates)
    display.sentence(f"{'1 candidate' if count == 1 else f'{count:,} candidates'}, which may be theirs or not:")
    display.gap()
    print_table(display, _CANDIDATES, answer.candidates)
    display.gap()
    display.sentence(("take one: --include ID", "quiet"))


VIEWS[PersonFound] = View(_all, _FOUND, named=_candidates)
VIEWS[PersonExported] = View(_counted, _COUNTS)
VIEWS[PersonErased] = View(_counted, _COUNTS)
DRAWN[PersonFound] = lambda display, answer, _: draw_found(display, answer)
