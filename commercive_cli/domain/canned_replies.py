"""Canned replies: texts with {{variables}}, which are only sent when every variable has a value."""

import re
from collections.abc import Callable, Mapping

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Conversation
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.domain.text import message_text

CONVERSATION_VARIABLES = ("store_url", "user_id", "agent")
"""The variables that need no value on the command line: the conversation and who answers have one."""
_BRACES = re.compile(r"\{\{.{0,40}|\}\}")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def variables_of(reply: str) -> list[str]:
    """Return the names of a reply's variables, in order, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(reply)))


def fill(reply: str, values: Mapping[str, str]) -> str:
    """Return the reply with each `{{name}}` replaced by its value. Braces within a value are not replaced.

    Raises Invalid when a variable has no value or an empty one, or when a value is given for no variable.
    """
    names = variables_of(reply)
    unfilled = [name for name in names if not values.get(name, "").strip()]
    if unfilled:
        missing = shortened(", ".join(unfilled))
        raise Invalid(f"the canned reply needs a value for {missing}; add --var {shortened(unfilled[0])}=...")
    unknown = [name for name in values if name not in names]
    if unknown:
        known = f"its variables are {', '.join(names)}" if names else "it has none"
        raise Invalid(f"the canned reply has no variable {quoted(unknown[0])}; {known}")
    return _VARIABLE.sub(lambda match: values[match[1]], reply)


def fill_for(reply: str, given: Mapping[str, str], known: Callable[[], Mapping[str, str]]) -> str:
    """Return the reply filled with the values that are given, and for other variables those that `known` returns.

    `known` is called only for a variable of a conversation that has no value. Raises Invalid as `fill` does.
    """
    wanted = [name for name in variables_of(reply) if name in CONVERSATION_VARIABLES and name not in given]
    values = known() if wanted else {}
    return fill(reply, {**{name: values[name] for name in wanted if name in values}, **given})


def values_of(conversation: Conversation | None, agent: str) -> dict[str, str]:
    """Return the values that a conversation, as far as there is one, and who answers give to variables."""
    of_it = {} if conversation is None else {"store_url": conversation.store_url, "user_id": conversation.user_id}
    return {**of_it, "agent": agent}


def unknown_variables(reply: str) -> list[str]:
    """Return the variables that only `--var` fills, each with the one of a conversation that may have been meant."""
    names = [name for name in variables_of(reply) if name not in CONVERSATION_VARIABLES]
    return [f"{name}{suggestion(name, CONVERSATION_VARIABLES)}" for name in names]


def problem_of(reply: str) -> str | None:
    """Return why a reply would be refused, or sent with its braces; None if nothing is wrong with it."""
    braces = _BRACES.search(_VARIABLE.sub("", reply))
    if braces:
        near = quoted(braces[0].splitlines()[0])
        return f"{near} is no variable, and would be sent as it is; write {{{{name}}}}, of letters, digits and _"
    try:
        message_text(reply)
    except Invalid as refusal:
        return refusal.message.replace("message", "the text", 1)
    return None
