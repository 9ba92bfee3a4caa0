"""Options that several commands share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from commercive_cli.cli.global_options import Output as Output
from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.limits import DEFAULT_LIMIT, LARGEST_LIMIT

Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help=f"At most N items; {DEFAULT_LIMIT} by default.")
]
Cursor = Annotated[str | None, typer.Option("--cursor", metavar="CURSOR", help="Start where an earlier page ended.")]
All = Annotated[bool, typer.Option("--all", help="Every item, streamed in constant memory.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show exactly what would change and write nothing.")]
WriteUnits = Annotated[
    int | None,
    typer.Option("--write-units", metavar="N", min=1, help="Write with at most N of DynamoDB's write units a second."),
]
TIMES = "7d, today, 2026-11-01, '2026-11-01 09:30' (local), RFC 3339 or epoch ms"
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help=f"From TIME on: {TIMES}.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help=f"Up to TIME, a day included: {TIMES}.")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Repeating it with this key within 7 days changes nothing."),
]
Keys = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="Repeating it with this key within 7 days changes nothing; with many ids, per id."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="TIME", help="Refuse when it changed since: its updated_at, in epoch ms or RFC 3339 with ms."
    ),
]


@dataclass(frozen=True)
class Paging:
    """The part of a listing to show: from `cursor` on, up to `limit` items or everything."""

    limit: int | None
    cursor: str | None
    everything: bool

    def __post_init__(self) -> None:
        if self.everything and self.limit is not None:
            raise Invalid("--all and --limit contradict each other; pass one of them")

    def gathered(self, fetch: Callable[[int, str | None], Listing], field: str) -> Listing:
        """Return one listing of up to `limit` items from several pages; `field` is its attribute with the items."""
        wanted = self.limit or DEFAULT_LIMIT
        answer = fetch(min(wanted, LARGEST_LIMIT), self.cursor)
        items = list(getattr(answer, field))
        while answer.next_cursor and len(items) < wanted:
            answer = fetch(min(wanted - len(items), LARGEST_LIMIT), answer.next_cursor)
            items += getattr(answer, field)
        return answer.model_copy(update={field: items})

    def items(self, fetch: Callable[[int, str | None], Listing], field: str) -> Iterator[Any]:
        """Yield every item, holding one page at a time."""
        cursor = self.cursor
        while True:
            answer = fetch(LARGEST_LIMIT, cursor)
            yield from getattr(answer, field)
            cursor = answer.next_cursor
            if cursor is None:
                return
