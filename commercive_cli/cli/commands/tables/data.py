"""`commercive tables`, the commands for their content: exports, imports and sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.tables.outcome import check_audit
from commercive_cli.cli.errors import say
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.interrupts import resumable
from commercive_cli.cli.progress import Total
from commercive_cli.cli.render import transfer_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.tables import CostEstimate
from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.services.transfer.refusals import RefusedLines
from commercive_cli.store.schema import TABLES

app = App()

Directory = Annotated[Path | None, typer.Argument(metavar="DIR", help="The directory of the export.")]


@app.command(
    "export",
    epilog=example(
        "commercive tables export backup-2026-11-22 --gzip", "commercive tables export --s3 s3://bucket/path"
    ),
)
def export_tables(
    context: typer.Context,
    *,
    directory: Directory = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the files.")] = False,
    s3: Annotated[str | None, typer.Option("--s3", metavar="URI", help="DynamoDB's own export to S3.")] = None,
    output: o.Output = "table",
) -> None:
    """Export all tables to files with a manifest. Lossless; the same command again resumes an interrupted export.

    The files hold personal data; only you can read them. They are sorted JSON lines, the same for the same data.
    """
    session = Session(context, output)
    if s3 is not None:
        from commercive_cli.cli.commands.tables.s3 import export_to_s3

        _only(directory is None and not gzip, "--s3 takes neither DIR nor --gzip")
        return export_to_s3(session, s3)
    with (
        session.reading() as services,
        resumable(),
        session.progress({"items read": services.tables.count}) as (advance,),
    ):
        answer = services.exports.run(_given(directory), compress=gzip, on_items=advance)
    return session.show(answer)


@app.command(
    "import",
    epilog=example("commercive tables import backup-2026-11-22", "commercive tables import DIR --on-conflict skip"),
)
def import_tables(
    context: typer.Context,
    *,
    directory: Directory = None,
    on_conflict: Annotated[
        Literal["fail", "skip", "overwrite"],
        typer.Option("--on-conflict", help="What to do where a different item has the key."),
    ] = "fail",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="TABLE",
            help="Import this table alone; repeatable. Others in DIR need not be ours.",
            autocompletion=lambda: [table.name for table in TABLES],
        ),
    ] = None,
    s3: Annotated[str | None, typer.Option("--s3", metavar="URI", help="DynamoDB's own import from S3.")] = None,
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Import an export into tables that exist, and audit them. The same command again resumes an interrupted import.

    Reads exports of `tables export`, and DynamoDB's full exports (DYNAMODB_JSON) as downloaded from S3. Files are
    checked against their manifest, and every line of them, before the first write: what cannot be stored is named, up
    to a hundred lines, and counted. Nobody else should write to the store until an interrupted import has been repeated
    to its end. Exits 3 when the audit finds something broken.
    """
    session = Session(context, output, write_units=write_units)
    if s3 is not None:
        from commercive_cli.cli.commands.tables.s3 import import_from_s3

        _only(
            directory is None and on_conflict == "fail" and not dry_run and not only and write_units is None,
            "--s3 takes neither DIR nor --on-conflict nor --only nor --write-units nor --dry-run",
        )
        return import_from_s3(session, s3, yes=yes)
    source, tables = _given(directory), tuple(only or ())
    if dry_run:
        return _show_forecast(session, source, on_conflict, tables)
    with session.writing(yes=yes, may_be_missing=True) as services, resumable():
        lines = partial(services.imports.lines, source, tables)
        steps: dict[str, Total] = {"items checked": lines, "items stored": lines, "items audited": lines}
        with _refusals_named(), session.progress(steps) as (checked, stored, audited):
            answer = services.imports.run(
                source,
                session.actor,
                on_conflict=on_conflict,
                only=tables,
                on_checked=checked,
                on_items=stored,
                on_audited=audited,
            )
        session.show(answer)
        if answer.audit is None:
            return say("not audited, as a table beside those that were chosen is not ours: `commercive tables list`")
        return check_audit(session, answer.audit, services.store.target)


@contextmanager
def _refusals_named() -> Iterator[None]:
    """Say of each line that is refused where it is and why, before the sum of them ends the command."""
    try:
        yield
    except RefusedLines as refused:
        for line in refused.places if len(refused.places) > 1 else ():
            say(line)
        raise


def _show_forecast(session: Session, directory: Path, on_conflict: str, only: tuple[str, ...]) -> None:
    """Show the items that an import would find new, equal and different; exit as the import would."""
    with session.reading(may_be_missing=True) as services, _refusals_named():
        lines = partial(services.imports.lines, directory, only)
        with session.progress({"items checked": lines, "items compared": lines}) as (checked, compared):
            answer = services.import_previews.run(directory, only=only, on_checked=checked, on_items=compared)
    session.show(answer)
    differing = sum(answer.different.values())
    fate = {"fail": "would stop the import", "skip": "would stay as they are", "overwrite": "would be replaced"}
    session.note(f"dry run: {differing:,} items with equal keys differ and {fate[on_conflict]}; nothing was written")
    for place in answer.places:
        say(place)
    if differing and on_conflict == "fail":
        raise Conflict("pass --on-conflict skip or --on-conflict overwrite to import nevertheless")


def show_sizes(session: Session, sizes: CostEstimate) -> None:
    """Show sizes, hot keys and costs, and print their basis to stderr."""
    session.show(sizes)
    if not session.shows_sections:
        for hot in sizes.hot:
            session.note(f"hot: {hot.table} {hot.id}, {hot.items:,} of {hot.read:,} that were read")
    cost = f"about {sizes.monthly_usd:.2f} USD a month for storage and recovery, requests not counted"
    session.note(f"{cost}; {sizes.basis}")


def _given(directory: Path | None) -> Path:
    if directory is None:
        raise Invalid("pass the directory DIR, or --s3 URI")
    return directory


def _only(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition is a boolean
    if not condition:
        raise Invalid(otherwise)
