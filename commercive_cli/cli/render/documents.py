"""JSON: one document, or one item a line. Equivalent to the API's JSON, with control characters as escapes."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from commercive_cli.cli.render.escape import escape_json


def document(answer: BaseModel) -> Iterator[str]:
    """Yield the answer as one indented JSON document."""
    yield _text(answer.model_dump(mode="json"), indent=2) + "\n"


def lines(items: Iterable[BaseModel]) -> Iterator[str]:
    """Yield one compact JSON text a line for each item."""
    for item in items:
        yield _text(item.model_dump(mode="json")) + "\n"


def streamed_document(name: str, items: Iterable[BaseModel]) -> Iterator[str]:
    """Yield the document of a whole listing, with one item at a time in memory; `name` is the field of the items."""
    yield f'{{\n  "success": true,\n  "next_cursor": null,\n  {json.dumps(name)}: ['
    between = "\n"
    for item in items:
        yield between + _indented(_text(item.model_dump(mode="json"), indent=2), "    ")
        between = ",\n"
    yield "]\n}\n" if between == "\n" else "\n  ]\n}\n"


def _text(value: Any, indent: int | None = None) -> str:
    return escape_json(json.dumps(value, ensure_ascii=False, indent=indent))


def _indented(text: str, margin: str) -> str:
    return "\n".join(margin + line for line in text.split("\n"))
