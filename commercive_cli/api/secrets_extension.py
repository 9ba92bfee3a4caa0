"""The API's secrets in AWS Secrets Manager, read over HTTP from the extension that runs beside a Lambda.

The AWS Parameters and Secrets Lambda Extension serves `/secretsmanager/get` on localhost, port 2773, with the answer of
GetSecretValue, to whoever sends the function's session token. It serves while an event is answered, and not before (AWS
Secrets Manager User Guide, "Use AWS Secrets Manager secrets in AWS Lambda functions").
"""

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from commercive_cli.api.http.outbound import RequestFailed, SendRequest, send_request

PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
DEFAULT_PORT = "2773"
TOKEN_HEADER = "x-aws-parameters-secrets-token"  # noqa: S105 - the header's name
ReadDocument = Callable[[], str]
"""Returns the text of the secret; raises RequestFailed."""


def secret_reader(environ: Mapping[str, str], secret_id: str, send: SendRequest = send_request) -> ReadDocument:
    """Return what reads a secret by its name or ARN."""
    port = environ.get(PORT) or DEFAULT_PORT
    url = f"http://localhost:{port}/secretsmanager/get?{urlencode({'secretId': secret_id})}"

    def read() -> str:
        answered = send("GET", url, {TOKEN_HEADER: environ.get("AWS_SESSION_TOKEN", "")}, b"")
        if answered.status != 200:
            raise RequestFailed(f"the extension for secrets answered HTTP {answered.status}")
        return _text_in(answered.body)

    return read


def _text_in(body: bytes) -> str:
    try:
        text = json.loads(body)["SecretString"]
    except (ValueError, TypeError, KeyError, RecursionError):
        text = None
    if not isinstance(text, str):
        raise RequestFailed("the extension for secrets answered without a SecretString")
    return text
