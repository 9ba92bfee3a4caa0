"""Who works on what: the next conversation, claims, putting off, and notes."""

from typing import Annotated

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import (
    Conversation,
    File,
    For,
    HeldConversations,
    ManyConversations,
    Text,
)
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_duration, parse_time_ahead

app = App()


@app.command("next", epilog=example("commercive chat next", "commercive chat next -o json | jq"))
def next_conversation(
    context: typer.Context,
    *,
    duration: For = "15m",
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Claim the conversation that waits longest and nobody holds, and show it."""
    from commercive_cli.cli.queue import claim_next

    time = parse_duration(duration, "--for")
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        claim_next(session, services.desk, duration=time, key=key)


@app.command(epilog=example("commercive chat claim CONVERSATION_ID", "commercive chat claim ID --for 1h --steal"))
def claim(
    context: typer.Context,
    *,
    ids: ManyConversations,
    duration: For = "15m",
    steal: Annotated[bool, typer.Option("--steal", help="Take it over from whoever holds it.")] = False,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Claim open conversations, so that others see who answers. A claim ends by itself, or with the answer.

    Claiming one's own again renews it.
    """
    time, keys = parse_duration(duration, "--for"), bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        bulk.each(
            session,
            ids,
            lambda one: services.desk.claim(one, session.actor, duration=time, steal=steal, key=keys(one)),
            session.typed("conversation", services, "claim"),
        )


@app.command(epilog=example("commercive chat release CONVERSATION_ID"))
def release(
    context: typer.Context,
    *,
    ids: HeldConversations = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Give back conversations that you hold. Releasing what nobody holds changes nothing."""
    keys = bulk.request_keys(key, many=bulk.is_many(ids or []))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        bulk.each(
            session,
            ids or [services.desk.only_held(session.actor)],
            lambda one: services.desk.release(one, session.actor, key=keys(one)),
            session.typed("conversation", services, "release"),
        )


@app.command(epilog=example("commercive chat snooze ID --until 3d", "commercive chat snooze ID --until 2027-01-31"))
def snooze(
    context: typer.Context,
    *,
    ids: HeldConversations = None,
    until: Annotated[
        str,
        typer.Option(metavar="TIME", help="A span from now (3d, 12h), tomorrow, a day (its start), or a time ahead."),
    ],
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Put conversations off: they leave the queue until then, or until their users write."""
    keys = bulk.request_keys(key, many=bulk.is_many(ids or []))
    session = Session(context, output)
    # A line that is repeated with its key gets its first answer, whenever that is.

    def time() -> int:
        return parse_time_ahead(until, "--until", session.now, may_have_passed=key is not None)

    time()
    with session.writing(yes=yes, dry_run=dry_run) as services:
        bulk.each(
            session,
            ids or [services.desk.only_held(session.actor)],
            lambda one: services.desk.snooze(one, session.actor, time(), asked=until, key=keys(one)),
            session.typed("conversation", services, "put off"),
        )


@app.command(epilog=example("commercive chat note CONVERSATION_ID 'Stuck in customs'", "commercive chat note ID -"))
def note(
    context: typer.Context,
    *,
    conversation: Conversation,
    text: Text = None,
    file: File = None,
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Note something about a conversation, for the support staff alone: its user never gets to see it."""
    from commercive_cli.cli.message_sources import MessageSources

    remark = MessageSources(text, file).checked().message()
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        conversation = session.typed("conversation", services, "note something about").whole(conversation)
        session.write(lambda: services.desk.note(conversation, session.actor, remark, key=key))
