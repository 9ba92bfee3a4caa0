"""The arguments that the commands for conversations share."""

from typing import Annotated, Any

import typer

from commercive_cli.cli.completers import Completer, offered_ids
from commercive_cli.cli.standard_input import id_or_stdin, may_be_stdin


def _conversation(offered: Completer, otherwise: str = "") -> Any:
    help_text = f"Id of the conversation, or - to read it from stdin{otherwise}."
    return typer.Argument(metavar="ID", help=help_text, callback=id_or_stdin, autocompletion=offered)


def _conversations(offered: Completer, otherwise: str = "") -> Any:
    help_text = f"Ids of conversations, or - to read them from stdin{otherwise}."
    return typer.Argument(metavar="ID", help=help_text, callback=may_be_stdin, autocompletion=offered)


_ANY, OPEN = offered_ids("conversation", "conversations"), offered_ids("conversation", "open", "open")
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
OpenConversations = Annotated[list[str] | None, _conversations(OPEN)]
ClosedConversations = Annotated[list[str], _conversations(_CLOSED)]
ManyConversations = Annotated[list[str], _conversations(_ANY)]
HeldConversations = Annotated[list[str] | None, _conversations(OPEN, _ONLY_ONE)]
For = Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long: 1 minute to 24 hours.")]
