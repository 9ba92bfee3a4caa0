"""The Lambda entry point, for a Function URL with payload format 2.0: `commercive_cli.api.handler.handler`."""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from commercive_cli.api.compose import open_door
from commercive_cli.api.door import Door
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import bootstrap
from commercive_cli.settings import environment
from commercive_cli.settings.api import load_api
from commercive_cli.settings.resolve import load

_opening = threading.Lock()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one event. Settings are read at the first; without tokens to check, mode jwt raises Invalid then."""
    with _opening:
        door = _door()
    return door(event)


@cache
def _door() -> Door:
    environ = environment()
    api = load_api(environ)
    return open_door(api, bootstrap(load(environ)), Telemetry())
