"""Messages: sent as a user, answered as an admin, and answers that were not sent."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import (
    OPEN,
    File,
    HeldAlone,
    Text,
)
from commercive_cli.cli.completers import template_names
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import Invalid

app = App()


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
            "--conversation", metavar="ID", help="An open conversation; else a new one begins.", autocompletion=OPEN
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

    On a terminal it goes behind the last message that you were shown here, else behind the last one there is when the
    command starts, unless --if-last names another: when somebody wrote since, nothing is sent, and what is new is told.

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


@app.command(epilog=example("commercive chat drafts", "commercive chat drafts -o json"))
def drafts(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the replies to conversations of this store that were not sent, and why."""
    from commercive_cli.cli.drafts import Drafts
    from commercive_cli.cli.render.draft_views import drafts_shown
    from commercive_cli.settings.state import drafts_directory

    session = Session(context, output)
    session.show(drafts_shown(Drafts(drafts_directory(session.settings.store)).all()))
