"""The formats of results, and the styles of times in them."""

from typing import Literal

Format = Literal["table", "wide", "json", "jsonl", "csv", "ids"]
TimeStyle = Literal["relative", "local", "utc", "iso"]
