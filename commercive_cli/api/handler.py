"""The Lambda entry point, for a Function URL with payload format 2.0: `commercive_cli.api.handler.handler`."""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from commercive_cli.api.application import Application
from commercive_cli.api.factory import create_application
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import bootstrap
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.settings import environment, secrets_of
from commercive_cli.settings.api import load_api
from commercive_cli.settings.resolve import load

_opening = threading.Lock()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one event. The first one reads the settings; raises Invalid when one is missing or wrong."""
    with _opening:
        application = _application()
    return application(event)


@cache
def _application() -> Application:
    environ = environment()
    remember_secrets(secrets_of(environ))
    api = load_api(environ)
    return create_application(api, bootstrap(load(environ)), Telemetry())
