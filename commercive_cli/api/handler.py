"""The Lambda entry point, for a Function URL with payload format 2.0: `commercive_cli.api.handler.handler`."""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from commercive_cli.api.application import Application
from commercive_cli.api.factory import create_application
from commercive_cli.api.rotation import RotatingApplication
from commercive_cli.api.secrets_extension import secret_reader
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import bootstrap
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.settings import environment, secrets_of
from commercive_cli.settings.api import load_api
from commercive_cli.settings.resolve import load
from commercive_cli.settings.secret_values import DOCUMENT, with_secrets

_opening = threading.Lock()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one event. The first one reads the settings; raises Invalid when one is missing or wrong.

    With COMMERCIVE_SECRETS, what is missing or wrong is logged, and answered with 503 until that is mended.
    """
    with _opening:
        application = _application()
    return application(event)


@cache
def _application() -> Application | RotatingApplication:
    environ = environment()
    telemetry = Telemetry()
    services = bootstrap(load(environ), on_wrong_clock=telemetry.warn)

    def make(environ: Mapping[str, str]) -> Application:
        remember_secrets(secrets_of(environ))
        return create_application(load_api(environ), services, telemetry)

    if secret_id := environ.get(DOCUMENT):
        read = secret_reader(environ, secret_id)
        return RotatingApplication(read, lambda document: make(with_secrets(environ, document)), telemetry)
    return make(environ)
