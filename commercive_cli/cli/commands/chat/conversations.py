"""Conversations: listed and shown."""

from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import (
    Conversation,
)
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_time
from commercive_cli.domain.answers.threads import Conversations
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.chat.listing import ConversationFilter

app = new_group("chat")


@app.command("list", epilog=example("commercive chat list --status open --sort waiting", "commercive chat list -o ids"))
def list_conversations(
    context: typer.Context,
    *,
    status: Annotated[Literal["open", "closed", "all"], typer.Option(help="Which conversations.")] = "all",
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Of this user only.")] = None,
    store_url: Annotated[str | None, typer.Option(metavar="S", help="Of this shop only.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="With messages that no admin has read.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="That you hold.")] = False,
    sort: Annotated[
        Literal["recent", "waiting"], typer.Option(help="Newest first, or longest unanswered first.")
    ] = "recent",
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With TEXT in the shop, the user's id or the last message.")
    ] = None,
    since: o.Since = None,
    until: o.Until = None,
    limit: o.Limit = None,
    cursor: o.Cursor = None,
    everything: o.All = False,
    output: o.Output = "table",
) -> None:
    """List conversations, newest first. `--sort waiting` lists the open ones that wait for an answer.

    --since and --until are about the last change. --search compares letters in any case, and of the last message the
    200 characters that lists hold; `chat search` looks into all messages.
    """
    session = Session(context, output)
    first = parse_time(since, "--since", session.now)
    last = parse_time(until, "--until", session.now, whole_day=True)
    wanted = ConversationFilter(status, user, store_url, unread, sort, search, first, last)
    with session.reading() as services:
        session.list(
            Conversations,
            o.Paging(limit, cursor, everything),
            lambda count, start: services.desk_reader.list_conversations(
                wanted, holder=session.actor if mine else None, limit=count, cursor=start
            ),
            _asked(wanted, {"with": search, "since": since, "until": until}, mine=mine),
        )


@app.command(epilog=example("commercive chat show CONVERSATION_ID --tail 20", "commercive chat show ID -o json | jq"))
def show(
    context: typer.Context,
    *,
    conversation: Conversation,
    full: Annotated[bool, typer.Option("--full", help="With every attribute, whole ids and exact times.")] = False,
    tail: Annotated[int | None, typer.Option(min=1, metavar="N", help="The last N messages only.")] = None,
    since: o.Since = None,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Mark the user's messages read, up to the last one shown.")
    ] = False,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Show a conversation with its messages. Says who wrote what and when, and what has been read."""
    if yes and not mark_read:
        raise Invalid("--yes goes with --mark-read and means nothing without it")
    session = Session(context, output)
    after = parse_time(since, "--since", session.now)
    with session.writing(yes=yes) if mark_read else session.reading() as services:
        # --since is inclusive, the service's `since` exclusive.
        conversation = session.typed("conversation", services, "mark read" if mark_read else None).whole(conversation)
        thread = services.desk_reader.show(conversation, tail=tail, since=None if after is None else after - 1)
        session.log_access(thread)
        session.screen.show(
            thread, Asked(order="full" if full else "")
        )  # shown before the write, so that only shown messages are marked read
        session.saw(thread.conversation.conversation_id, thread.messages)
        if mark_read:
            session.note(f"{services.chat.mark_shown(thread).marked} marked read")


def _asked(wanted: ConversationFilter, others: Mapping[str, str | None], *, mine: bool) -> Asked:
    conditions = {
        "held_by": "of yours" if mine else "",
        "user_id": f"of user {wanted.user_id}" if wanted.user_id else "",
        "store_url": f"of shop {wanted.store_url}" if wanted.store_url else "",
        "unread": "with unread messages" if wanted.unread else "",
    }
    state = "" if wanted.status == "all" or wanted.sort == "waiting" else wanted.status
    said = (*("status" for _ in [state] if state), *(name for name, words in conditions.items() if words))
    also = tuple(f"{words} {value}" for words, value in others.items() if value)
    return Asked("conversation", state, (*conditions.values(), *also), wanted.sort, said)
