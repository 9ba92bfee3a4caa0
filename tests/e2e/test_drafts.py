"""A reply that was not sent goes out later, once, on either store."""

import json
from pathlib import Path

from tests.e2e.conftest import Program


def test_a_draft_is_sent_once(program: Program) -> None:
    """Refused, it is kept; sent with its answer lost, it is found to have come through; a new text is another one."""
    program("tables", "create")
    one = program("chat", "send", "--user", "u", "Where is it?", "-o", "json").json["conversation_id"]
    program("chat", "close", one)
    refused = program("chat", "reply", one, "-", stdin=b"Here")
    (draft,) = program("chat", "drafts", "-o", "json").json["drafts"]
    key = json.loads(Path(draft["path"]).with_suffix(".json").read_text())["key"]
    lost = program("chat", "reply", one, "Here", "--reopen", "--key", key, "-o", "json").json
    repeated = program("chat", "reply", one, "--draft", "-o", "json")

    assert (6, "the conversation is closed") == (refused.code, draft["reason"])
    assert (0, lost) == (repeated.code, repeated.json)
    assert [] == program("chat", "drafts", "-o", "json").json["drafts"]
    texts = [each["message_text"] for each in program("chat", "show", one, "-o", "json").json["messages"]]
    assert ["Where is it?", "Here"] == texts
