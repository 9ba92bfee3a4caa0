"""Finds the action and the parameters of a request, in every form that the dashboard uses."""

from collections.abc import Mapping
from typing import Any

from commercive_cli.api.actions import ACTIONS, BY_NAME, Action
from commercive_cli.api.http.cors import ALLOW, METHODS
from commercive_cli.api.http.errors import UnknownAction, WrongMethod
from commercive_cli.api.http.events import HTTPRequest
from commercive_cli.api.http.strict_json import TWICE, read_object
from commercive_cli.api.parameters import DECISIONS, Params
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid

APPROVE, SHORT_DECISIONS = TWICE


def action_in_query(request: HTTPRequest) -> Action[Any] | None:
    """Return the action that the query string names, without a look at the body; None where the body may name it.

    Raises Invalid, UnknownAction and WrongMethod.
    """
    if request.method not in METHODS:
        raise WrongMethod(f"use {' or '.join(METHODS)}", ALLOW)
    named = request.query().get("action")
    return _called(request, _action(named)) if named or request.method == "GET" else None


def read_request(request: HTTPRequest, in_query: Action[Any] | None) -> tuple[Action[Any], dict[str, Any]]:
    """Return a request's action and its parameters, given the action that `action_in_query` found.

    GET has them in the query string, POST in a JSON body; the action's name may be in either. Raises Invalid,
    TooLarge, UnknownAction and WrongMethod.
    """
    if request.method == "GET":
        return _called(request, in_query or _action(None)), request.query()
    action, values = _posted(in_query, read_object(request.body()))
    return _called(request, action), values


def _called(request: HTTPRequest, action: Action[Any]) -> Action[Any]:
    if request.method != action.method:
        raise WrongMethod(f"{action.name} is called with {action.method}", (action.method, "OPTIONS"))
    return action


def request_key(request: HTTPRequest, params: Params) -> str | None:
    """Return the idempotency key from the header or the body; None when there is none."""
    in_header = request.header("idempotency-key")
    in_body: str | None = getattr(params, "client_message_id", None)
    if None not in (in_header, in_body) and in_header != in_body:
        raise Invalid("Idempotency-Key and client_message_id differ; send one of them", field="client_message_id")
    return in_body if in_header is None else in_header


def _posted(in_query: Action[Any] | None, body: dict[str, Any]) -> tuple[Action[Any], dict[str, Any]]:
    in_body = body.get("action")
    if isinstance(in_body, str) and in_body in SHORT_DECISIONS:
        return _approval(in_query, in_body, body)
    if in_query and in_body and in_query is not _action(in_body):
        raise Invalid("the query string and the body name different actions", field="action")
    return in_query or _action(in_body), body


def _approval(
    in_query: Action[Any] | None, decision: str, body: Mapping[str, Any]
) -> tuple[Action[Any], dict[str, Any]]:
    """Read the seed's approve body: its second `action` key is the decision, and replaced the first one."""
    action = in_query or BY_NAME[APPROVE]
    if action.name != APPROVE:
        raise Invalid(f"the body decides about a lead, but the query string says {action.name}", field="action")
    other = body.get("decision")
    if other not in (None, "") and DECISIONS[choose(other, tuple(DECISIONS), "decision")] != DECISIONS[decision]:
        raise Invalid("action and decision contradict each other", field="decision")
    return action, {**body, "decision": decision}


def _action(name: object) -> Action[Any]:
    known = ", ".join(action.name for action in ACTIONS)
    if name in (None, ""):
        raise Invalid(f"action is missing; the actions are {known}", field="action")
    action = BY_NAME.get(name) if isinstance(name, str) else None
    if action is None:
        raise UnknownAction(f"there is no such action; the actions are {known}")
    return action
