"""The OpenAPI document describes every action, parameter and status of the API."""

from collections.abc import Iterator
from typing import Any

import pytest

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.http.errors import BUG, STATUSES, WrongMethod, failure
from commercive_cli.api.openapi import document
from commercive_cli.domain.errors import CommerciveError
from tests.api.test_seed_requests import LEAD
from tests.api.world import Client

DOCUMENT = document()
PATH = DOCUMENT["paths"]["/"]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def bodies() -> dict[str, Any]:
    [schema] = [content["schema"] for content in PATH["post"]["requestBody"]["content"].values()]
    mapping: dict[str, str] = schema["discriminator"]["mapping"]
    return {action: SCHEMAS[reference.rpartition("/")[2]] for action, reference in mapping.items()}


def test_every_action_is_documented() -> None:
    """With its other names, under its method."""
    reading = next(each for each in PATH["get"]["parameters"] if each["name"] == "action")["schema"]["enum"]

    documented = {*reading, *bodies()} - {"approve", "reject"}
    assert {name for action in ACTIONS for name in (action.name, *action.aliases)} == documented


def test_references_lead_somewhere() -> None:
    """Every reference in the document has a target, which generators need."""
    missing = {each for each in references(DOCUMENT) if each.rpartition("/")[2] not in SCHEMAS}

    assert set() == missing


def test_every_status_is_documented() -> None:
    """Writes list all statuses; reads have neither conflicts nor rate limits."""
    every = {"200", *(str(status) for status in STATUSES.values()), str(BUG)}

    assert every == set(PATH["post"]["responses"])
    assert every - {"409", "429"} == set(PATH["get"]["responses"])


@pytest.mark.parametrize("error", STATUSES)
def test_the_headers_of_failures_are_documented(error: type[CommerciveError]) -> None:
    """Retry-After, Allow and WWW-Authenticate are documented for the statuses that have them."""
    reply = failure(WrongMethod("", ("GET",)) if error is WrongMethod else error(""))

    documented = PATH["post"]["responses"][str(reply.status)]["headers"]
    assert {name.lower() for name in documented} == set(reply.headers)


def test_the_seeds_approve_body_is_documented() -> None:
    """The one whose `action` is the decision."""
    short = bodies()["approve"]

    assert ["approve", "reject"] == short["properties"]["action"]["enum"]
    assert {"action", "lead_id"} == set(short["required"])


def test_money_and_bounds_are_numbers() -> None:
    """Generated clients must not take amounts for text."""
    limit = next(each for each in PATH["get"]["parameters"] if each["name"] == "limit")["schema"]

    assert {"type": "integer", "minimum": 1, "maximum": 500} == limit
    assert "number" == SCHEMAS["AffiliateStats"]["properties"]["total_commission"]["type"]


def test_answers_have_the_documented_fields(client: Client) -> None:
    """Required fields are there, and nothing that is not documented."""
    created = client.post("affiliate/create-link", affiliate_id="a", affiliate_email="a@example.com").body
    sent = client.post("chat/send", user_id="u", message="hi").body
    submitted = client.post("affiliate/submit-lead", link_id=created["link_id"], lead_data=LEAD).body
    answers = {
        "LinkCreated": created,
        "UserMessageSent": sent,
        "Sent": client.post("chat/reply", conversation_id=sent["conversation_id"], admin_id="a", message="hi").body,
        "Conversations": client.get("chat/conversations", "user_id=u").body,
        "LeadSubmitted": submitted,
        "LeadDecided": client.post("admin/approve-lead", lead_id=submitted["lead_id"], decision="reject").body,
        "Leads": client.get("admin/leads").body,
        "Stats": client.get("affiliate/stats", "affiliate_id=a").body,
        "LinkFound": client.get("affiliate/get-link", "affiliate_id=a").body,
        "Health": client.get("health").body,
        "Failed": client.get("nope").body,
    }

    for name, answer in answers.items():
        schema = SCHEMAS[name]
        assert set(schema["required"]) <= set(answer) <= set(schema["properties"]), name
