"""The environment of a command that `chat watch --exec` starts: this process's own, and what happened to which ids."""

from collections.abc import Mapping


def with_event(environ: Mapping[str, str], event: str, conversation_id: str, message_id: str) -> dict[str, str]:
    """Return the environment with the event's name and ids, empty texts where it has none."""
    return {
        **environ,
        "COMMERCIVE_EVENT": event,
        "COMMERCIVE_CONVERSATION_ID": conversation_id,
        "COMMERCIVE_MESSAGE_ID": message_id,
    }
