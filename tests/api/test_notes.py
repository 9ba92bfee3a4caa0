"""Notes of the support staff through the API: for admins, by an action of their own, and nowhere else."""

import json

import pytest

from tests.api.requests import CALLERS, REQUESTS, items_of, token_of
from tests.api.world import Issuer, World

SECRET = "never show this to the user"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("action", [action for action in REQUESTS if action != "chat/notes"])
def test_no_other_action_answers_with_a_note(world: World, issuer: Issuer, action: str, caller: str) -> None:
    """Whoever asks, the owner and admins included."""
    things = items_of(world.open(), "user-a")
    world.services.desk.note(things.conversation_id, "mira", SECRET)
    token, me = token_of(issuer, caller)
    answer = REQUESTS[action](world.open("jwt").as_(token).from_("203.0.113.9"), things, me)

    assert SECRET not in json.dumps(answer.body)


@pytest.mark.parametrize("action", [action for action in REQUESTS if action != "chat/notes"])
def test_nor_where_nobody_is_told_from_anybody(world: World, action: str) -> None:
    """In mode none, in which whoever reaches the API may do everything: notes are asked for by name or not at all."""
    things = items_of(world.open(), "user-a")
    world.services.desk.note(things.conversation_id, "mira", SECRET)

    assert SECRET not in json.dumps(REQUESTS[action](world.open(), things, "user-a").body)


def test_messages_are_the_same_with_and_without_notes(world: World) -> None:
    """On pages of any size, from any time on."""
    client, queries = world.open(), ("", "&limit=1", "&since=1", "&limit=500&since=0")
    name = items_of(client, "user-a").conversation_id

    def read() -> list[object]:
        return [client.get("chat/messages", f"conversation_id={name}{query}").body for query in queries]

    before = read()
    world.services.desk.note(name, "mira", SECRET)

    assert before == read()


def test_an_admin_gets_the_notes(world: World, issuer: Issuer) -> None:
    """With author and time; of a conversation that is not there 404."""
    things = items_of(world.open(), "user-a")
    noted = world.services.desk.note(things.conversation_id, "mira", SECRET)
    client = world.open("jwt").as_(issuer.token("boss", admin=True))

    assert {
        "success": True,
        "notes": [
            {
                "note_id": noted.note_id,
                "conversation_id": things.conversation_id,
                "author": "mira",
                "text": SECRET,
                "created_at": noted.created_at,
            }
        ],
    } == client.get("chat/notes", f"conversation_id={things.conversation_id}").body
    assert 404 == client.get("chat/notes", "conversation_id=no-such").status
