"""`commercive tables adopt`: what the backend before this one holds, brought into the current store."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from commercive_cli.bootstrap import Services, open_legacy_source
from commercive_cli.cli import options as o
from commercive_cli.cli.errors import DIFFERS, PARTIAL, say
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.interrupts import resumable
from commercive_cli.cli.progress import Total
from commercive_cli.cli.render import adoption_views  # declares the views of the answers, too
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.adoption import Adopted
from commercive_cli.services.adopt.service import Steps, Wish
from commercive_cli.store.legacy_source import LegacySource

app = App()


@app.command(
    epilog=example(
        "commercive tables adopt export-2026-11-27 --dry-run",
        "commercive tables adopt 'dynamodb://eu-west-1?prefix=commercive_' --quarantine aside.jsonl",
        "commercive tables adopt 'dynamodb://eu-west-1?prefix=commercive_' --quarantine aside.jsonl --final",
    )
)
def adopt(
    context: typer.Context,
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A store URL, which is only read, or a directory with DynamoDB's full exports."
        ),
    ],
    final: Annotated[
        bool, typer.Option("--final", help="The last run: reads live tables strongly consistent, at twice the price.")
    ] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option(
            "--quarantine",
            metavar="FILE",
            help="What cannot be brought goes there with its reason; what is completed there is taken.",
        ),
    ] = None,
    read_units: Annotated[
        int | None,
        typer.Option("--read-units", metavar="N", min=1, help="Read live tables with at most N read units a second."),
    ] = None,
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Bring over what the backend before this one holds. The source stays as it is, and each run can be repeated.

    A run brings what is new or changed there, and leaves alone, naming it, what was changed here since. The same
    command again goes on after an interruption. A dry run lists all problems of all items, and what is done about each;
    it exits 3 when there are any. Exits 7 when something is in quarantine, 3 when both sides do not balance.
    """
    session = Session(context, output, write_units=write_units)
    wish = Wish(dry_run, final, quarantine)
    opened = session.reading() if dry_run else session.writing(yes=yes)
    legacy = open_legacy_source(
        source, read_units, consistent=final, on_throttled=session.throttled, wait=session.credential_wait
    )
    with closing(legacy), opened as services, resumable():
        answer = _run(session, services, legacy, wish)
        session.show(answer)
    _tell(session, answer)


def _run(session: Session, services: Services, source: LegacySource, wish: Wish) -> Adopted:
    def total() -> int | None:
        return services.adoption.items(source)

    totals: dict[str, Total] = {"items read": total, "items brought": total, "items compared": total}
    with session.progress(totals) as (on_read, on_brought, on_compared):
        return services.adoption.run(source, session.actor, wish, Steps(on_read, on_brought, on_compared))


def _tell(session: Session, answer: Adopted) -> None:
    """Say what is left to do, and exit by it."""
    if not session.shows_sections:
        for each in answer.problems:
            session.note(f"{each.count:,} {each.table} {each.kind}: {each.done}; {'; '.join(each.examples)}")
        for balance in answer.reconciliation:
            session.note(adoption_views.balance_sentence(balance))
    if answer.skipped:
        session.note(f"not ours to adopt, skipped: {', '.join(answer.skipped)}")
    if answer.in_quarantine:
        where = f"in {answer.quarantine}" if answer.quarantine and not answer.dry_run else "with --quarantine FILE"
        told = f"{answer.in_quarantine:,} items are in quarantine; complete them {where}, and run the command again"
        session.note(told)
    if answer.dry_run:
        session.note("dry run: nothing was written")
        if answer.problems or answer.in_quarantine:
            raise typer.Exit(DIFFERS)
        return
    unbalanced = [each.figure for each in answer.reconciliation if not each.balanced]
    if unbalanced:
        say(f"both sides do not balance: {', '.join(unbalanced)}; run the command again, and `commercive tables audit`")
        raise typer.Exit(DIFFERS)
    if answer.in_quarantine:
        raise typer.Exit(PARTIAL)
