"""`commercive tables`, the commands for how long conversations are kept."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.confirm import YES, check_terminal, confirm
from commercive_cli.cli.errors import DIFFERS, say
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.interrupts import resumable
from commercive_cli.cli.render import retention_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.render.moments import rfc3339
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_duration
from commercive_cli.domain.answers.retention import Archived, Due
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.retention.closed import check_age
from commercive_cli.store.schema import CONVERSATIONS

app = App()


@app.command(
    epilog=example(
        "commercive tables archive --older-than 365d --dry-run",
        "commercive tables archive --older-than 365d archive-2026-11",
    )
)
def archive(
    context: typer.Context,
    *,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The new directory of the archive, or that of a killed run.")
    ] = None,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="How long they must be closed: 365d; a day at least.")
    ],
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be taken and write nothing.")] = False,
    output: o.Output = "table",
) -> None:
    """Move conversations closed long ago into files. Exports them, asks, and deletes them from the store.

    Takes their messages, notes and snoozes along; audit rows stay. Nothing is deleted that is not in the files, on
    disk, and unchanged since. What changed meanwhile stays in the store, and leaves the files. What no import would
    take back, or is closed at a time that cannot be, is named and left alone. The same command again resumes a run
    that was killed. `tables import DIR` brings all of it back, byte for byte.
    """
    session = Session(context, output, write_units=write_units)
    age = check_age(parse_duration(older_than, "--older-than"))
    if dry_run:
        return _preview(session, age, directory)
    if directory is None:
        raise Invalid("pass the directory DIR, or --dry-run")
    if not yes and not session.settings.read_only:
        check_terminal(YES)
    with session.writing(yes=True) as services, resumable():
        with services.archives.open(directory, age) as archiving:
            total = {"conversations read": lambda: services.tables.count((CONVERSATIONS,))}
            with session.progress(total) as (advance,):
                exported = archiving.export(advance)
            if exported.conversations:
                confirm(_question(exported, session), yes=yes, otherwise=_undone(exported))
            with session.progress({"conversations deleted": lambda: exported.conversations}) as (advance,):
                answer = archiving.remove(session.actor, advance)
        session.show(answer)
        _say_left(session, answer)
        if not answer.conversations:
            return session.note(f"{directory}: nothing was taken")
    return session.note(f"to bring them back: commercive tables import {quote(str(directory))}")


@app.command(epilog=example("commercive tables retention", "commercive config set retention.closed_conversations 365d"))
def retention(context: typer.Context, *, output: o.Output = "table") -> None:
    """Say what the retention policy would take now, and the command that takes it. Writes nothing.

    The policy is `closed_conversations` in [retention] of the config file, such as 365d. Exits 3 when anything is due,
    or may be and cannot be taken.
    """
    from commercive_cli.settings.retention import configured_retention

    session = Session(context, output)
    table = session.settings.retention
    kept = configured_retention(table)
    policy = table.closed_conversations if table else None
    with session.reading() as services:
        total = {"conversations read": lambda: services.tables.count((CONVERSATIONS,))}
        with session.progress(total if policy else {"": lambda: 0}) as (advance,):
            answer = services.archives.policy(policy, kept, advance)
    session.show(answer)
    _say_left(session, answer)
    if policy is None:
        return session.note("no policy: nothing is ever due; commercive config set retention.closed_conversations 365d")
    if answer.command:
        session.note(f"to archive them: {answer.command}")
    if answer.conversations or answer.left_count:
        raise typer.Exit(DIFFERS)
    return None


def _preview(session: Session, age: int, directory: Path | None) -> None:
    with session.reading() as services:
        total = {"conversations read": lambda: services.tables.count((CONVERSATIONS,))}
        with session.progress(total) as (advance,):
            answer = services.archives.preview(age, directory, advance)
    session.show(answer)
    _say_left(session, answer)
    session.note("dry run: nothing was written")


def _question(exported: Archived, session: Session) -> str:
    what = f"{exported.conversations:,} conversations with {exported.messages:,} messages and {exported.notes:,} notes"
    since = f"closed before {rfc3339(exported.closed_before)}"
    return f"Delete {what}, {since}, from {session.settings.store}? They are in {exported.directory}."


def _undone(exported: Archived) -> str:
    there = f"{exported.directory} holds the export"
    return f"nothing was deleted; {there}: go on with the same command, or remove the directory"


def _say_left(session: Session, answer: Due) -> None:
    """Say which conversations are left where they are, where the answer does not show it."""
    if not session.shows_sections:
        for each in answer.left:
            say(f"{each.conversation_id} stays: {each.reason}")
    if answer.left_count > len(answer.left):
        say(f"{answer.left_count:,} conversations stay where they are, {len(answer.left)} of them are named")
