"""The OpenAPI 3.1 document, made from the action table.

All actions have one URL, and the action's name is a parameter. So there is one path with two operations: GET with the
parameters of all GET actions, POST with one of several bodies, distinguished by `action`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from commercive_cli import __version__
from commercive_cli.api.actions import ACTIONS, Action, Method
from commercive_cli.api.http.errors import BUG, STATUSES
from commercive_cli.api.http.strict_json import TWICE
from commercive_cli.api.parameters import LeadDecision
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.text import ID_LENGTH

Document = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_APPROVE, _SHORT_DECISIONS = TWICE
_SHORT_APPROVAL = "LeadDecisionShort"
_MEANINGS = {
    400: "The request breaks a rule; nothing was written.",
    401: "The access token is missing or not accepted.",
    403: "The caller may not do this.",
    404: "There is no such action or item, or the item belongs to somebody else.",
    405: "The action has another method, which Allow names.",
    409: "The item has another state than the request assumes, or the key was used for another request.",
    413: "The body exceeds 256 KB, or the answer what a Lambda can return.",
    429: "Too many submissions; Retry-After says in how many seconds to try again.",
    500: "A bug of ours.",
    503: "The store cannot answer now, or is not set up; retry with the same key.",
}
_WRITES_ONLY = (409, 429)
_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


class _ParameterSchemas(GenerateJsonSchema):
    """Makes schemas in which money is a JSON number."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's name
        return {"type": "number"}


class _AnswerSchemas(_ParameterSchemas):
    """Makes schemas in which every field that an answer always has is required, even if it has a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001 - pydantic's signature
        schema = field["schema"]
        filled = "default_factory" in schema or schema.get("default", ...) not in (None, ...)
        return super().field_is_required(field, total) or (schema["type"] == "default" and filled)


def document() -> Document:
    """Return the OpenAPI document of all actions."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Commercive API",
            "version": __version__,
            "description": "Support chat and affiliate programme. One URL; `action` names the action to call.",
        },
        "servers": [{"url": "/"}],
        "paths": {"/": {"get": _get_operation(), "post": _post_operation()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _get_operation() -> Document:
    actions = _actions("GET")
    return {
        "operationId": "read",
        "summary": "Read something.",
        "description": _table(actions),
        "security": [{"bearer": []}, {}],
        "parameters": [_action_parameter(actions), *_parameters(actions)],
        "responses": _responses("GET"),
    }


def _post_operation() -> Document:
    actions = _actions("POST")
    bodies = {name: _body_name(action) for action in actions for name in action.names}
    bodies |= dict.fromkeys(sorted(_SHORT_DECISIONS), _SHORT_APPROVAL)
    return {
        "operationId": "write",
        "summary": "Change something.",
        "description": _table(actions),
        "security": [{"bearer": []}, {}],
        "parameters": [_key_parameter()],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [_reference(name) for name in dict.fromkeys(bodies.values())],
                        "discriminator": {
                            "propertyName": "action",
                            "mapping": {name: _reference(body)["$ref"] for name, body in bodies.items()},
                        },
                    }
                }
            },
        },
        "responses": _responses("POST"),
    }


def _actions(method: Method) -> list[Action[Any]]:
    return [action for action in ACTIONS if action.method == method]


def _table(actions: Sequence[Action[Any]]) -> str:
    return "\n".join(f"- `{action.name}` ({action.who.value}): {action.summary}" for action in actions)


def _action_parameter(actions: Sequence[Action[Any]]) -> Document:
    names = [name for action in actions for name in action.names]
    return {"name": "action", "in": "query", "required": True, "schema": {"type": "string", "enum": names}}


def _key_parameter() -> Document:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A repetition with the same key within 7 days changes nothing and gets the first answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH},
    }


def _parameters(actions: Sequence[Action[Any]]) -> Iterator[Document]:
    """Yield each query parameter once; its description names the actions that take it."""
    schemas = {action.name: _schema_of(action.params) for action in actions}
    for name in dict.fromkeys(name for schema in schemas.values() for name in schema.get("properties", {})):
        taking = [action for action, schema in schemas.items() if name in schema.get("properties", {})]
        requiring = [action for action in taking if name in schemas[action].get("required", ())]
        schema = _query_schema(schemas[taking[0]]["properties"][name])
        required = f" Needed by {', '.join(requiring)}." if requiring else ""
        yield {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"Taken by {', '.join(taking)}.{required}",
            "schema": schema,
        }


def _query_schema(schema: Document) -> Document:
    """Return the schema of a parameter without null and default, which a query string cannot express."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return {name: value for name, value in options[0].items() if name not in ("title", "default")}


def _responses(method: Method) -> Document:
    answers = dict.fromkeys(answer.__name__ for action in _actions(method) for answer in action.answers)
    success = {"description": "Done.", "content": _json({"anyOf": [_reference(name) for name in answers]})}
    statuses = sorted({*STATUSES.values(), BUG} - (set(_WRITES_ONLY) if method == "GET" else set()))
    return {"200": success} | {str(status): _failure(status) for status in statuses}


def _failure(status: int) -> Document:
    header = _HEADERS.get(status)
    headers = {header: {"schema": {"type": "string"}}} if header else {}
    return {"description": _MEANINGS[status], "content": _json(_reference(Failed.__name__)), "headers": headers}


def _schemas() -> Document:
    answers: list[type[BaseModel]] = [Failed, *(answer for action in ACTIONS for answer in action.answers)]
    _, schemas = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(answers)],
        ref_template=_REFERENCE,
        schema_generator=_AnswerSchemas,
    )
    bodies = {_body_name(action): _body(action.params, [*action.names]) for action in _actions("POST")}
    short = _body(LeadDecision, sorted(_SHORT_DECISIONS), without="decision")
    return {**schemas["$defs"], **bodies, _SHORT_APPROVAL: short}


def _body(model: type[BaseModel], names: list[str], *, without: str | None = None) -> Document:
    schema = _schema_of(model)
    properties = {name: each for name, each in schema["properties"].items() if name != without}
    required = [name for name in schema.get("required", ()) if name != without]
    return {
        "type": "object",
        "description": model.__doc__,
        "properties": {"action": {"type": "string", "enum": names}, **properties},
        "required": ["action", *required],
    }


def _schema_of(model: type[BaseModel]) -> Document:
    return model.model_json_schema(ref_template=_REFERENCE, schema_generator=_ParameterSchemas)


def _body_name(action: Action[Any]) -> str:
    return action.params.__name__


def _reference(name: str) -> Document:
    return {"$ref": _REFERENCE.format(model=name)}


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}
