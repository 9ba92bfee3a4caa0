"""Roles of the dashboard: who is an admin for what, and what the others hear."""

from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.roles import load_roles
from tests.api.test_seed_requests import begin, make_link
from tests.api.world import Client, Issuer, World


def door(world: World, roles: str) -> Client:
    return world.open("jwt", admin_roles=load_roles({"COMMERCIVE_ADMIN_ROLES": roles}))


def as_role(client: Client, issuer: Issuer, role: Any) -> Client:
    return client.as_(issuer.token("somebody", app_metadata={"role": role}))


@pytest.fixture
def employee(world: World, issuer: Issuer) -> Client:
    return as_role(door(world, "admin,employee=chat/*+admin/conversations"), issuer, "employee")


def test_an_employee_does_what_the_role_is_for(world: World, employee: Client) -> None:
    """Everybody's conversations: listed, read, answered, marked read, closed and opened again."""
    name = begin(world.open())
    one = {"conversation_id": name}

    answers = [
        employee.get("admin/conversations"),
        employee.get("chat/messages", f"conversation_id={name}"),
        employee.get("chat/conversations", "user_id=user-123"),
        employee.post("chat/reply", admin_id="somebody", message="Hi", **one),
        employee.post("chat/mark-read", reader_type="admin", **one),
        employee.post("chat/close", **one),
        employee.post("chat/reopen", **one),
    ]

    assert [200] * 7 == [answer.status for answer in answers]


def test_an_employee_hears_what_the_role_is_not_for(world: World, employee: Client) -> None:
    """403 that names the role and what it may do; in actions of its own a person of the role is like anybody else."""
    make_link(world.open(), "other")

    refused = [employee.get("admin/leads"), employee.post("admin/approve-lead", lead_id="x", decision="reject")]
    others = employee.get("affiliate/stats", "affiliate_id=other")
    own = employee.get("affiliate/stats", "affiliate_id=somebody")

    expected = "the role employee is not enough for this; it may do chat/*, admin/conversations"
    assert [(403, "denied", expected)] * 2 == [(a.status, a.code, a.body["error"]) for a in refused]
    assert (403, 200) == (others.status, own.status)


@pytest.mark.parametrize("role", ["visitor", "ADMIN", "", None, 5, ["admin"]])
def test_a_role_that_is_not_listed_is_none(world: World, issuer: Issuer, role: Any) -> None:
    """Whatever a token says instead, its owner is no admin."""
    answer = as_role(door(world, "admin,employee=chat/*"), issuer, role).get("admin/leads")

    assert (403, "this is for admins only") == (answer.status, answer.body["error"])


def test_admin_is_a_role_like_any_other(world: World, issuer: Issuer) -> None:
    """Where the list does not name it, it opens nothing."""
    client = door(world, "boss")

    assert (403, 200) == tuple(as_role(client, issuer, role).get("admin/leads").status for role in ("admin", "boss"))


@pytest.mark.parametrize("pattern", ["leads/list", "leads/*", "admin/leads", "admin/l*"])
def test_an_action_is_granted_by_any_of_its_names(world: World, issuer: Issuer, pattern: str) -> None:
    """admin/leads and leads/list are one action."""
    client = as_role(door(world, f"reader={pattern}"), issuer, "reader")

    assert [200, 200, 403] == [
        client.get(action).status for action in ("admin/leads", "leads/list", "admin/conversations")
    ]


def test_a_pattern_without_any_action_is_refused(world: World) -> None:
    """A typing mistake would take a right away silently; the API does not start."""
    with pytest.raises(Invalid, match=r"COMMERCIVE_ADMIN_ROLES: 'admin/conversation' fits no action"):
        door(world, "employee=admin/conversation")
