"""The quarantine file: JSON lines with what could not be brought and why, which people complete and adoptions take.

A line is {"table", "source", "reason", "Item"}. Whoever completes one changes "Item", whose values are as in DynamoDB's
exports. "source" tells which item there the line stands for, and stays as it is; a line without it adds an item. Lines
stay in the file once they are taken, without a reason, since the item there stays as it was.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.adopt.mapping import LEGACY, Legacy
from commercive_cli.services.adopt.spool import Spool
from commercive_cli.services.transfer.durable_files import path_exists, read_error, write_durably, write_error
from commercive_cli.services.transfer.jsonl import parse_line
from commercive_cli.store.items import item_text

_NAMES = {each.name: each for each in LEGACY}


def read_quarantine(path: Path, spool: Spool) -> None:
    """Take the completed items of a file, if there is one; raise Invalid, naming the line, for what is no such line."""
    if not path_exists(path):
        return
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if raw.strip():
                    legacy, source, text, reason = _line(f"{path}, line {number}", raw)
                    spool.complete(legacy, source, text, reason)
    except OSError as error:
        raise read_error(path, error) from None


def write_quarantine(path: Path, spool: Spool) -> None:
    """Write the file anew; that of before stays until the new one is on disk."""
    try:
        write_durably(path, _lines(spool))
    except OSError as error:
        raise write_error(error, str(path), "what is in quarantine is not written; run the command again") from error


def _lines(spool: Spool) -> Iterator[bytes]:
    for source, table, text, reason, _seen in spool.aside():
        head = json.dumps({"table": table, "source": source, "reason": reason}, ensure_ascii=False)
        yield f'{head[:-1]}, "Item": {text}}}\n'.encode()


def _line(where: str, raw: bytes) -> tuple[Legacy, str | None, str, str]:
    try:
        document: Any = json.loads(raw)
        legacy = _NAMES[document["table"]]
        source, item, reason = document.get("source"), document["Item"], str(document.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        names = ", ".join(_NAMES)
        raise Invalid(
            f'{where} is not of the form {{"table": one of {names}, "Item": {{name: {{type: value}}}}}}'
        ) from None
    if not (source is None or isinstance(source, str)):
        raise Invalid(f"{where}: source is no text")
    try:
        text = item_text(parse_line(json.dumps({"Item": item}).encode() + b"\n"))
    except Invalid as wrong:
        raise Invalid(f"{where}: {wrong.message}") from None
    return legacy, source, text, reason
