"""What reads many conversations: searches, transcripts, and the report."""

from typing import Annotated, Literal

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import ConversationIds
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import text_or_stdin
from commercive_cli.cli.times import parse_time
from commercive_cli.domain.models import SenderType
from commercive_cli.store.schema import CONVERSATIONS

app = App()


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
    notes: Annotated[bool, typer.Option("--notes", help="In the notes of the support staff as well.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N hits.")] = None,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Look for a text in messages, in any case and composition of its letters; hits are shown as they are found.

    There is no index of words: every message of the conversations that changed since --since is read. What that is, and
    what it costs, is said first, and more than 100,000 messages want a yes. With --notes, the notes about these
    conversations are read, too: their hits have `note` for a sender.
    """
    from commercive_cli.cli.searches import Search
    from commercive_cli.services.chat.search import SearchFilter

    session = Session(context, output)
    wanted = SearchFilter(text, parse_time(since, "--since", session.now), sender, status, notes)
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
    ids: ConversationIds = None,
    form: Annotated[
        Literal["md", "json", "csv"] | None,
        typer.Option("--format", help="Markdown, one JSON document, or CSV with a row for each conversation."),
    ] = None,
    since: o.Since = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace e-mail addresses, phone numbers and long ids in texts.")
    ] = False,
    notes: Annotated[
        bool, typer.Option("--notes", help="With the notes of the support staff, in a part of their own.")
    ] = False,
    to: Annotated[str | None, typer.Option(metavar="FILE", help="Write to FILE, which must not exist.")] = None,
    output: o.Output = "table",
) -> None:
    """Write transcripts of conversations, of all without ID, to stdout or a file.

    With --since, messages from then on, and no conversation without any. The order of all conversations is not
    promised. --redact replaces what looks like an e-mail address, a phone number or a long id, by [e-mail], [phone],
    [id]; names that people wrote stay, so read a transcript before it leaves the house. Notes, which no user may see,
    are written with --notes alone, and apart from the messages.
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
        found = services.transcripts.transcripts(named, since=first, redact=redact, notes=notes)
        written = Export(session, chosen, found, notes)
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
    waiting       Who is in the queue now, by how long they have waited, by
                  the clock. Who is put off is counted apart until that ends.
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
