"""`commercive tables`, the commands for the declared tables: drift, backups, restores and the template."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.tables.outcome import check_applied, check_audit, say_unsupported
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.errors import DIFFERS, say
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.render import table_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.session import Session
from commercive_cli.cli.status_lines import status_lines
from commercive_cli.cli.times import parse_time
from commercive_cli.domain.answers.tables import Difference, Drift

app = App()
_INDENT = 2


@app.command(epilog=example("commercive tables diff", "commercive tables diff -o json"))
def diff(context: typer.Context, *, output: o.Output = "table") -> None:
    """Compare the tables with their declaration. Exits 3 when something differs, and names the remedies.

    What protects more than is declared, costs otherwise, or is not declared at all is named, and is no difference.
    """
    session = Session(context, output)
    with session.reading(may_be_missing=True) as services:
        drift = services.drift.diff()
        session.show(drift)
    say_unsupported(session, drift.unsupported)
    for each in drift.kept:
        session.note(f"{each.table}: {each.what}: {each.live}; kept as it is")
    if drift.differences:
        mendable = _mendable(drift)
        session.note(f"{len(drift.differences)} differences; {mendable} of them `commercive tables apply` can fix")
        raise typer.Exit(DIFFERS)


@app.command(epilog=example("commercive tables apply --dry-run", "commercive tables apply --yes"))
def apply(
    context: typer.Context,
    *,
    billing: Annotated[
        bool, typer.Option("--billing", help="Also set the declared billing, PAY_PER_REQUEST, which is kept otherwise.")
    ] = False,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Fix differences from the declaration, one index at a time. Asks first, and waits for each change.

    Takes nothing away that protects more than is declared: `tables diff` names what is kept.

    Changes nothing at all, and exits 6, when a table is not ours, by its key. Exits 7 when a change failed, 3 when a
    difference is left that cannot be changed in place.
    """
    session = Session(context, output)
    with (
        session.writing(yes=yes, dry_run=dry_run, may_be_missing=True) as services,
        session.patiently(),
        status_lines(session.note) as on_status,
    ):
        if not dry_run:
            _agree(services.drift.fixable(billing=billing), services.store.target, yes=yes)
        applied = services.drift.apply(on_status, billing=billing)
        session.show(applied)
        say_unsupported(session, applied.unsupported)
        if not dry_run:
            check_applied(session, applied)


@app.command(epilog=example("commercive tables backup", "commercive tables backup --name before-the-move"))
def backup(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the backup, or its file with SQLite; made of the time."),
    ] = None,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Back up all six tables. On demand with DynamoDB, to a file next to the store with SQLite."""
    session = Session(context, output)
    with session.writing(yes=yes) as services, session.patiently(), status_lines(session.note) as on_status:
        session.show(services.backups.back_up(name, on_status))


@app.command(epilog=example("commercive tables backups"))
def backups(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the backups, newest first."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.backups.list_backups())


@app.command(
    epilog=example(
        "commercive tables restore commercive_v2_20261122T101500Z --to restored_",
        "commercive tables restore --at 2026-11-22T10:15:00Z --to restored_",
        "commercive tables restore store.db.20261122T101500Z.backup --to restored.db",
        "commercive tables restore store.db.20261122T101500Z.backup --in-place",
    )
)
def restore(
    context: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The backup, as `tables backups` names it.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The new prefix, or the new file with SQLite.")
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="With SQLite: put it in place of the store, which is kept beside it."),
    ] = False,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="The tables as of TIME: 12h, 2026-11-01T09:30:00Z or epoch ms.")
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The tables as of the latest time.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what the audit finds in the restored tables.")] = False,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Restore a backup, or a point in time, to new tables. Overwrites nothing; protects and audits the new tables.

    With --in-place nobody else may use the store meanwhile, and everything in its file is replaced.

    DynamoDB's six backups are not one snapshot, so the audit may find incomplete changes; --fix repairs them. Exits 3
    when something broken is left, 7 when a protection could not be set.
    """
    session = Session(context, output)
    moment = parse_time(at, "--at", session.now)
    with (
        session.writing(yes=yes, may_be_missing=True) as services,
        session.patiently(),
        status_lines(session.note) as on_status,
    ):
        answer = services.backups.restore(
            name, to, session.actor, in_place=in_place, at=moment, latest=latest, fix=fix, on_status=on_status
        )
        session.show(answer)
        again = "" if in_place else ", or repeat the command with --fix and another --to"
        check_audit(session, answer.audit, answer.store, again)
        check_applied(session, answer.applied)


@app.command(epilog=example("commercive tables template > tables.json"))
def template(context: typer.Context) -> None:
    """Print the CloudFormation template of the tables. Their names start with the prefix of the DynamoDB store."""
    from commercive_cli.services.tables.cloudformation import tables_stack as document

    typer.echo(json.dumps(document(Session(context).settings.store.dynamodb_prefix), indent=_INDENT))


def _agree(fixable: Sequence[Difference], target: str, *, yes: bool) -> None:
    for difference in fixable:
        say(f"{difference.table}: {difference.what}: {difference.live}; {difference.remedy}")
    if fixable:
        confirm(f"Change {target}?", yes=yes)


def _mendable(drift: Drift) -> int:
    return sum(difference.fixable for difference in drift.differences)
