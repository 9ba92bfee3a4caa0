"""`commercive chat`: the support staff's commands for conversations."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands import chat_templates
from commercive_cli.cli.completers import Completer, offered_ids, template_names
from commercive_cli.cli.errors import say
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.listings import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import id_or_stdin, may_be_stdin, text_or_stdin
from commercive_cli.cli.times import parse_duration, parse_moment, parse_time, parse_time_ahead
from commercive_cli.domain.answers.chat import Conversations
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import SenderType
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.search import SearchFilter
from commercive_cli.store.schema import CONVERSATIONS

app = new_group("chat")
app.add_typer(chat_templates.app)


def _conversation(offered: Completer, otherwise: str = "") -> Any:
    help_text = f"Id of the conversation, or - to read it from stdin{otherwise}."
    return typer.Argument(metavar="ID", help=help_text, callback=id_or_stdin, autocompletion=offered)


def _conversations(offered: Completer, otherwise: str = "") -> Any:
    help_text = f"Ids of conversations, or - to read them from stdin{otherwise}."
    return typer.Argument(metavar="ID", help=help_text, callback=may_be_stdin, autocompletion=offered)


_ANY, _OPEN = offered_ids("conversation", "conversations"), offered_ids("conversation", "open", "open")
_WAITING, _CLOSED = offered_ids("conversation", "waiting", "open"), offered_ids("conversation", "closed", "closed")
_ONLY_ONE = "; by default the only one that you hold"
Conversation = Annotated[str, _conversation(_ANY)]
HeldAlone = Annotated[str | None, _conversation(_WAITING, _ONLY_ONE)]
Text = Annotated[
    str | None, typer.Argument(metavar="TEXT", help="The message, or - to read it from stdin.", callback=may_be_stdin)
]
File = Annotated[
    str | None,
    typer.Option("--file", "-F", metavar="FILE", help="Read it from FILE, - is stdin.", callback=may_be_stdin),
]
ConversationIds = Annotated[list[str] | None, _conversations(_ANY)]
ManyConversations = Annotated[list[str], _conversations(_ANY)]
HeldConversations = Annotated[list[str] | None, _conversations(_OPEN, _ONLY_ONE)]
For = Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long: 1 minute to 24 hours.")]


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
            lambda count, start: services.desk.list_conversations(
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
        thread = services.desk.show(conversation, tail=tail, since=None if after is None else after - 1)
        session.log_access(thread)
        session.screen.show(
            thread, Asked(order="full" if full else "")
        )  # shown before the write, so that only shown messages are marked read
        if mark_read:
            say(f"{services.chat.mark_shown(thread).marked} marked read")


@app.command(epilog=example("commercive chat send --user u-17 --store-url shop.example.com 'Where is my parcel?'"))
def send(
    context: typer.Context,
    *,
    text: Text = None,
    user: Annotated[str, typer.Option("--user", metavar="ID", help="The user who writes.")],
    store_url: Annotated[str, typer.Option(metavar="S", help="The shop the conversation is about.")] = "",
    conversation: Annotated[
        str | None,
        typer.Option(
            "--conversation", metavar="ID", help="An open conversation; else a new one begins.", autocompletion=_OPEN
        ),
    ] = None,
    file: File = None,
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Send a message as the user, for tests and phone calls."""
    if conversation is not None and store_url:
        raise Invalid("--store-url is for a new conversation; one that exists keeps its own, so leave it out")
    from commercive_cli.cli.message_sources import MessageSources

    message = MessageSources(text, file).checked().message()
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        if conversation is not None:
            conversation = session.typed("conversation", services, "write in").whole(conversation)
        session.write(lambda: services.chat.send(user, message, store=store_url, conversation_id=conversation, key=key))


@app.command(
    epilog=example(
        "commercive chat reply CONVERSATION_ID 'It has shipped' --close",
        "commercive chat reply CONVERSATION_ID -F answer.txt --if-last MESSAGE_ID",
        "commercive chat reply CONVERSATION_ID --template shipped --var order=#1001",
        "commercive chat reply CONVERSATION_ID",
    )
)
def reply(
    context: typer.Context,
    *,
    conversation: HeldAlone = None,
    text: Text = None,
    file: File = None,
    editor: Annotated[bool, typer.Option("--editor", help="Write it in $VISUAL or $EDITOR.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Go on with the newest text that was not sent.")] = False,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A canned reply, templates/NAME.txt beside the config file.",
            autocompletion=template_names,
        ),
    ] = None,
    var: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="The value of a {{NAME}} in the canned reply.")
    ] = None,
    if_last: Annotated[
        str | None, typer.Option(metavar="MESSAGE_ID", help="Refuse when a message came after this one.")
    ] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Open the conversation again if it is closed.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Close the conversation with this reply.")] = False,
    steal: Annotated[bool, typer.Option("--steal", help="Reply also where somebody else holds it.")] = False,
    keep_unread: Annotated[
        bool, typer.Option("--keep-unread", help="Do not mark their messages read, up to the last one that was seen.")
    ] = False,
    then_next: Annotated[bool, typer.Option("--next", help="Then claim and show the next one that waits.")] = False,
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Reply in a conversation as an admin. Without a text, the editor opens, with the last turns of the thread.

    A canned reply takes {{store_url}}, {{user_id}} and {{agent}} from the conversation, all else from --var. On a
    terminal it is shown before it is sent, unless --yes.

    A text from the editor or stdin, or typed on a terminal, that is not sent is kept: `chat drafts` lists it, and
    --draft goes on with it, on a terminal in the editor.
    """
    from commercive_cli.cli.message_sources import MessageSources
    from commercive_cli.cli.queue import check_next, go_on
    from commercive_cli.cli.replies import Reply, ReplyDesk

    check_next(output, then_next=then_next)
    sources = MessageSources(text, file, template, var or (), editor, draft).or_editor().checked()
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        if conversation is None:
            conversation = services.desk.only_held(session.actor)
        else:
            conversation = session.typed("conversation", services, "answer").whole(conversation)
        reply = Reply(conversation, sources, if_last, reopen, close, key, yes, dry_run, steal, keep_unread)
        ReplyDesk(session, services.chat, reply).run()
        if not dry_run:
            go_on(session, services.desk, claim=then_next)


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
        session.each(
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
        session.each(
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
    time = parse_time_ahead(until, "--until", session.now)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.each(
            ids or [services.desk.only_held(session.actor)],
            lambda one: services.desk.snooze(one, session.actor, time, asked=until, key=keys(one)),
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


@app.command(epilog=example("commercive chat drafts", "commercive chat drafts -o json"))
def drafts(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the replies to conversations of this store that were not sent, and why."""
    from commercive_cli.cli.drafts import Drafts
    from commercive_cli.cli.render.draft_views import drafts_shown
    from commercive_cli.settings.state import drafts_directory

    session = Session(context, output)
    session.show(drafts_shown(Drafts(drafts_directory(session.settings.store)).all()))


@app.command("mark-read", epilog=example("commercive chat mark-read CONVERSATION_ID --up-to MESSAGE_ID"))
def mark_read(
    context: typer.Context,
    *,
    ids: ManyConversations,
    reader: Annotated[SenderType, typer.Option(help="Who has read the other side's messages.")] = "admin",
    up_to: Annotated[
        str | None, typer.Option(metavar="MESSAGE_ID", help="The last message that was seen; later ones stay unread.")
    ] = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Mark the messages of conversations read."""
    bulk.check_one(ids, "--up-to", up_to)
    keys = bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.each(
            ids,
            lambda one: services.chat.mark_read(one, reader, up_to=up_to, actor=session.actor, key=keys(one)),
            session.typed("conversation", services, "mark read"),
        )


@app.command(
    epilog=example(
        "commercive chat close CONVERSATION_ID",
        "commercive chat list --user u-17 -o ids | commercive chat close -",
        "commercive chat close --idle 7d --last-from admin --dry-run",
    )
)
def close(
    context: typer.Context,
    *,
    ids: Annotated[list[str] | None, _conversations(_OPEN)] = None,
    idle: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Select open conversations without a message for 7d, 12h.")
    ] = None,
    last_from: Annotated[
        SenderType | None, typer.Option(help="With --idle: only where this side wrote the last message.")
    ] = None,
    as_of: o.AsOf = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Close conversations, by id or by a rule. Closing a closed one changes nothing."""
    _check_selection(ids, idle, last_from, as_of)
    found, keys = ids or [], bulk.request_keys(key, many=idle is not None or bulk.is_many(ids or []))
    last = parse_moment(as_of, "--as-of")
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        if idle is None:
            session.each(
                found,
                lambda one: services.chat.close(one, session.actor, as_of=last, key=keys(one)),
                session.typed("conversation", services, "close"),
            )
            return
        since = session.now - parse_duration(idle, "--idle")
        # `as_of` keeps a conversation open that got a message since it was selected.
        with session.progress({"conversations read": lambda: services.tables.count([CONVERSATIONS])}) as (advance,):
            idle_ones = services.chat.idle(since, last_from, on_items=advance)
            seen = {each.conversation_id: each.updated_at for each in idle_ones}
        session.many(list(seen), lambda one: services.chat.close(one, session.actor, as_of=seen[one], key=keys(one)))


@app.command(epilog=example("commercive chat reopen CONVERSATION_ID"))
def reopen(
    context: typer.Context,
    *,
    ids: Annotated[list[str], _conversations(_CLOSED)],
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Open closed conversations again. Opening an open one changes nothing."""
    keys = bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.each(
            ids,
            lambda one: services.chat.reopen(one, session.actor, key=keys(one)),
            session.typed("conversation", services, "reopen"),
        )


@app.command(
    epilog=example(
        "commercive chat search customs --since 2026-11-01",
        "commercive chat search 'lost parcel' --from user -o ids | commercive chat export -",
    )
)
def search(
    context: typer.Context,
    *,
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="What to look for, or - to read it from stdin.", callback=text_or_stdin),
    ],
    since: o.Since = None,
    sender: Annotated[SenderType | None, typer.Option("--from", help="In the messages of this side only.")] = None,
    status: Annotated[Literal["open", "closed", "all"], typer.Option(help="In which conversations.")] = "all",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N hits.")] = None,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Look for a text in messages, in any case and composition of its letters; hits are shown as they are found.

    There is no index of words: every message of the conversations that changed since --since is read. What that is, and
    what it costs, is said first, and more than 100,000 messages want a yes. Notes are not looked into.
    """
    from commercive_cli.cli.searches import Search

    session = Session(context, output)
    wanted = SearchFilter(text, parse_time(since, "--since", session.now), sender, status)
    with session.reading() as services:
        Search(session, services.search, wanted, limit).run(yes=yes)


@app.command(
    epilog=example(
        "commercive chat export CONVERSATION_ID > case.md",
        "commercive chat search customs -o ids | commercive chat export - --redact --to customs.md",
        "commercive chat export --since 30d --format csv --to november.csv",
    )
)
def export(
    context: typer.Context,
    *,
    ids: Annotated[list[str] | None, _conversations(_ANY)] = None,
    form: Annotated[
        Literal["md", "json", "csv"] | None,
        typer.Option("--format", help="Markdown, one JSON document, or CSV with a row for each conversation."),
    ] = None,
    since: o.Since = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace e-mail addresses, phone numbers and long ids in texts.")
    ] = False,
    to: Annotated[str | None, typer.Option(metavar="FILE", help="Write to FILE, which must not exist.")] = None,
    output: o.Output = "table",
) -> None:
    """Write transcripts of conversations, of all without ID, to stdout or a file.

    With --since, messages from then on, and no conversation without any. The order of all conversations is not
    promised. --redact replaces what looks like an e-mail address, a phone number or a long id, by [e-mail], [phone],
    [id]; names that people wrote stay, so read a transcript before it leaves the house. Notes are not written.
    """
    from commercive_cli.cli.exports import Export, chosen_format

    chosen = chosen_format(form, output, to_file=to is not None)
    session = Session(context, output)
    first = parse_time(since, "--since", session.now)
    with session.reading() as services:
        named = None
        if ids:
            typed = session.typed("conversation", services)
            named = [services.chat.conversation(typed.whole(each)) for each in bulk.chosen_ids(ids)]
        found = services.transcripts.transcripts(named, since=first, redact=redact)
        written = Export(session, chosen, found)
        written.to_stdout() if to is None else written.to_file(to)


@app.command(
    epilog=example(
        "commercive chat report --since 30d",
        "commercive chat report --since 2026-11-01 --until 2026-11-30 -o csv",
        "commercive chat report --svg november.svg",
    )
)
def report(
    context: typer.Context,
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help=f"From TIME on: {o.TIMES}.")] = "30d",
    until: o.Until = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Write the screen to FILE, too, as SVG.")] = None,
    output: o.Output = "table",
) -> None:
    r"""Report on support: volume, who waits, and how fast agents answer.

    \b
    first answer  From the user's first message in a conversation to the first
                  answer by a person behind it, credited to that person. What an
                  agent wrote before the user asked anything is an answer, and
                  no first answer. A conversation has one, also if reopened.
    resolved      From the user's first message to the closing, credited to who
                  closed it. One that was reopened counts once it is closed
                  again, from the first message to the last closing.
    not counted   Automatic answers, also not as first answers; notes; and what
                  is too damaged to be read.
    durations     Business hours of [business_hours] in the config file: days,
                  from, to, zone. Without them, all hours count. Days and hours
                  of the report are those of that zone, else of this machine.
    p50, p90      Half, and nine in ten, took no longer (nearest rank).

    Messages, first answers and closings count that lie between --since and --until; waiting is as of now. Every
    conversation is looked at once, and the messages are read of those that changed since --since.
    """
    from commercive_cli.cli.render.report_view import write_svg

    session = Session(context, output)
    with session.reading() as services:
        zone = services.chat_report.zone
        first = parse_time(since, "--since", session.now, zone=zone) or 0
        last = parse_time(until, "--until", session.now, whole_day=True, zone=zone)
        with session.progress({"conversations": lambda: services.tables.count((CONVERSATIONS,))}) as (on_progress,):
            found = services.chat_report.report(first, last, on_progress=on_progress)
        if svg is not None:
            write_svg(found, svg)
        session.show(found)


@app.command(epilog=example("commercive chat history CONVERSATION_ID"))
def history(context: typer.Context, *, conversation: Conversation, output: o.Output = "table") -> None:
    """Show who closed or reopened it, and when."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.chat.history(session.typed("conversation", services).whole(conversation)))


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


def _check_selection(ids: list[str] | None, idle: str | None, last_from: str | None, as_of: str | None) -> None:
    if bool(ids) == (idle is not None):
        raise Invalid("name conversations by id, or select them with --idle; one of the two")
    if last_from is not None and idle is None:
        raise Invalid("--last-from narrows --idle and means nothing without it")
    bulk.check_one(ids or ["-"], "--as-of", as_of)
