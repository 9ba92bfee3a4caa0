"""`commercive chat templates`: the canned replies, as files, as texts, and filled."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completers import offered_ids, template_names
from commercive_cli.cli.errors import DIFFERS, say
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import id_or_stdin
from commercive_cli.domain.errors import Invalid
from commercive_cli.settings import editor_of, environment

app = new_group("chat templates")


Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A canned reply, NAME.txt in templates.", autocompletion=template_names)
]


@app.command("list", epilog=example("commercive chat templates list", "commercive chat templates list -o ids"))
def list_templates(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the canned replies, with their variables."""
    from commercive_cli.cli.render.template_views import templates_listed

    Session(context, output).show(templates_listed(environment()))


@app.command(epilog=example("commercive chat templates show shipped"))
def show(context: typer.Context, *, name: Name, output: o.Output = "table") -> None:
    """Print the text of a canned reply, with its variables as they are."""
    from commercive_cli.cli.render.template_views import show_text
    from commercive_cli.settings.canned_replies import read_reply

    show_text(Session(context, output), name, read_reply(environment(), name))


@app.command(epilog=example("commercive chat templates edit shipped"))
def edit(context: typer.Context, name: Name) -> None:
    """Open a canned reply in $VISUAL or $EDITOR, a new one if there is none; say what is wrong with it then.

    Variables are {{name}}, of letters, digits and _. {{store_url}}, {{user_id}} and {{agent}} are taken from the
    conversation, all others from --var.
    """
    from commercive_cli.cli.editor import run_editor
    from commercive_cli.cli.message_sources import has_terminal
    from commercive_cli.domain.canned_replies import problem_of, unknown_variables
    from commercive_cli.settings.canned_replies import new_reply_path, read_reply, reply_directory

    if not has_terminal():
        raise Invalid(f"the editor needs a terminal; templates are files {reply_directory(environment())}/NAME.txt")
    path = new_reply_path(environment(), name)
    run_editor(editor_of(environment()), path)
    if not path.exists():
        raise Invalid(f"nothing was saved, so there is no template {name}")
    reply = read_reply(environment(), name)
    unknown, problem = unknown_variables(reply), problem_of(reply)
    context.obj.note(f"{path} is saved" + (f"; --var fills {', '.join(unknown)}" if unknown else ""))
    if problem:
        say(problem)
        raise typer.Exit(DIFFERS)


@app.command(epilog=example("commercive chat templates check", "commercive chat templates check shipped"))
def check(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Only these.", autocompletion=template_names)
    ] = None,
    output: o.Output = "table",
) -> None:
    """Say which variables only --var fills, and what is wrong with which canned reply; exit 3 if anything is.

    Wrong is what would be refused when it is sent, an empty text or one of more than 10,000 characters, and braces that
    are no variable.
    """
    from commercive_cli.cli.render.template_views import templates_checked

    checked = templates_checked(environment(), names)
    Session(context, output).show(checked)
    if any(each.problem for each in checked.templates):
        raise typer.Exit(DIFFERS)


@app.command(
    epilog=example(
        "commercive chat templates render shipped CONVERSATION_ID --var order=#1001",
        "commercive chat templates render shipped --var order=#1001 --var store_url=shop.example.com",
    )
)
def render(
    context: typer.Context,
    *,
    name: Name,
    conversation: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A conversation, whose values are filled in.",
            callback=id_or_stdin,
            autocompletion=offered_ids("conversation", "waiting", "open"),
        ),
    ] = None,
    var: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="The value of a {{NAME}}.")] = None,
    output: o.Output = "table",
) -> None:
    """Print a canned reply as it would be sent, and send nothing; a variable without a value is refused."""
    from commercive_cli.cli.message_sources import values_in
    from commercive_cli.cli.render.template_views import show_text
    from commercive_cli.domain.canned_replies import fill_for, values_of
    from commercive_cli.settings.canned_replies import read_reply

    session, given = Session(context, output), values_in(var or ())
    reply = read_reply(environment(), name)
    if conversation is None:
        show_text(session, name, fill_for(reply, given, lambda: values_of(None, session.actor)))
        return
    with session.reading() as services:
        found = services.chat.conversation(session.typed("conversation", services).whole(conversation))
        session.log_access(found)
        show_text(session, name, fill_for(reply, given, lambda: values_of(found, session.actor)))
