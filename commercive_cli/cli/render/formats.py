"""The formats of results."""

from typing import Literal

Format = Literal["table", "wide", "json", "jsonl", "csv", "ids"]
