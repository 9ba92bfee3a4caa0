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
