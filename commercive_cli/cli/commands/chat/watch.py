"""What happens in conversations, as it happens."""

import math
from typing import Annotated

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import ConversationIds
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import Invalid

app = App()
SHORTEST, LONGEST = 0.1, 3_600
"""Seconds between two looks."""


@app.command(
    epilog=example(
        "commercive chat watch --waiting",
        "commercive chat watch CONVERSATION_ID",
        "commercive chat watch --mine --exec 'notify-send Support'",
        "commercive chat watch -o jsonl --cursor CURSOR | jq -r .message.message_text",
    )
)
def watch(
    context: typer.Context,
    *,
    ids: ConversationIds = None,
    mine: Annotated[bool, typer.Option("--mine", help="What you hold, from the claim on to its end.")] = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="What lets users wait for an answer, and what ends that.")
    ] = False,
    interval: Annotated[
        float,
        typer.Option(metavar="SECONDS", help=f"Between two looks: {SHORTEST:g} to {LONGEST:,}."),
    ] = 2.0,
    cursor: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on where an earlier watch of the same was.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="End after N events; of 0, -o jsonl has the cursor.")
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            "--exec", metavar="COMMAND", help="Run it for each event, which is its stdin as JSON; no shell reads it."
        ),
    ] = None,
    output: o.Output = "table",
) -> None:
    """Show what happens in conversations, as it happens. Each thing comes once and in order.

    Messages, that a conversation is closed or opened again, and, of those by id and of your own, that their user has
    read the answers. One by id is shown as its thread. It says when it lost contact with the store, and goes on
    without a gap. Ctrl-C ends it, and says how to go on from there.

    COMMAND is divided into words as by a shell, once. COMMERCIVE_EVENT, COMMERCIVE_CONVERSATION_ID and
    COMMERCIVE_MESSAGE_ID are in its environment, what it prints goes to stderr. It is waited for, 60 seconds at most.
    When it fails, that is said, and the watch goes on; the event does not come again.
    """
    from commercive_cli.cli.event_command import EventCommand
    from commercive_cli.cli.watch_subjects import Subject
    from commercive_cli.cli.watching import Watch, check_output

    _check(ids, interval, mine=mine, waiting=waiting)
    session = Session(context, output)
    check_output(session)
    run = None if command is None else EventCommand.of(command)
    with session.reading() as services:
        typed = session.typed("conversation", services)
        names = dict.fromkeys(typed.whole(each) for each in bulk.chosen_ids(ids)) if ids else ()
        subject = Subject(session, services, tuple(names), mine=mine, waiting=waiting)
        feed = subject.feed(cursor)
        watch = Watch(session, feed, services.sleep, interval, subject.line(), limit, run)
        watch.run(subject.screen(feed, cursor) if session.screen.for_people else None)


def _check(ids: list[str] | None, interval: float, *, mine: bool, waiting: bool) -> None:
    if sum((bool(ids), mine, waiting)) > 1:
        raise Invalid("watch conversations by id, those that you hold (--mine), or the queue (--waiting); one of these")
    if math.isnan(interval) or not SHORTEST <= interval <= LONGEST:
        raise Invalid(f"--interval is {SHORTEST:g} to {LONGEST:,} seconds", field="interval")
