"""Requests as DynamoDB takes them: JSON in a signed POST, sent by botocore's HTTP session.

botocore's client does the same for each of AWS's services, and looks at each attribute value in the light of a
description of the service. That was half of what a request took, and 50 ms before the first one of a process.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.endpoint import EndpointCreator
from botocore.exceptions import NoCredentialsError
from botocore.handlers import add_recursion_detection_header
from botocore.hooks import first_non_none_response
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from commercive_cli.domain.clock import Clock
from commercive_cli.engines.dynamodb.destination import Destination
from commercive_cli.engines.dynamodb.signing import InStoreTime

CONNECTIONS = 50

_TYPE = "application/x-amz-json-1.0"
_TARGET = "DynamoDB_20120810."
_EVENT = "before-send.dynamodb."


class _Request(AWSPreparedRequest):
    """What botocore's HTTP session sends, with what its signer looks for besides."""

    params: ClassVar[dict[str, str]] = {}


class Wire:
    """The connections of a session to one destination, which threads share.

    `timeout` is how long to wait for a connection, and for a reply, in seconds. Requests are signed with the time of
    `clock`. Raises botocore's errors for settings that cannot be used, ValueError for an endpoint that is no URL.
    """

    def __init__(self, session: Session, to: Destination, timeout: tuple[float, float], clock: Clock) -> None:
        self._session = session
        self._to = to
        self._clock = clock
        self._events: Any = session.get_component("event_emitter")
        self._user_agent = _user_agent(session)
        self._http = _http_session(session, to.url, timeout)

    def send(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Send a request and return the HTTP response; raises what botocore raises for lack of credentials or network.

        Who listens to the session's event `before-send` sees the request, and may answer in place of the server.
        """
        request = self._signed(operation, _json(parameters).encode())
        answers = self._events.emit(_EVENT + operation, request=request)
        return first_non_none_response(answers) or self._http.send(request)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _signed(self, operation: str, body: bytes) -> Any:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        target = self._to.target(frozen.account_id)
        headers: Any = {"X-Amz-Target": _TARGET + operation, "Content-Type": _TYPE, "User-Agent": self._user_agent}
        add_recursion_detection_header({"headers": headers})
        request: Any = _Request("POST", _with_path(target.url), headers, body, stream_output=False, context={})
        InStoreTime(frozen, target.region, self._clock).add_auth(request)
        return request


def _with_path(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.path else parts._replace(path="/").geturl()


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not JSON")


_json = json.JSONEncoder(separators=(",", ":"), default=_base64).encode


def _user_agent(session: Session) -> str:
    """Return what botocore's client says of program, library, Python and machine, and what AWS_SDK_UA_APP_ID says."""
    creator: Any = session.get_component("user_agent_creator")
    creator.set_session_config(session.user_agent_name, session.user_agent_version, session.user_agent_extra)
    settings: dict[str, Any] = {"user_agent_appid": session.get_config_variable("user_agent_appid")}
    return str(creator.with_client_config(Config(**settings)).to_string())


def _http_session(session: Session, url: str, timeout: tuple[float, float]) -> URLLib3Session:
    """Return what sends to a URL, with the proxies, certificates and socket options that botocore's client would use.

    Raises ValueError when the URL is none.
    """
    options = [(IPPROTO_TCP, TCP_NODELAY, 1)]
    if session.get_config_variable("tcp_keepalive"):
        options.append((SOL_SOCKET, SO_KEEPALIVE, 1))
    creator: Any = EndpointCreator(session.get_component("event_emitter"))
    endpoint = creator.create_endpoint(
        SimpleNamespace(endpoint_prefix="dynamodb"),
        None,
        url,
        verify=session.get_config_variable("ca_bundle"),
        timeout=timeout,
        max_pool_connections=CONNECTIONS,
        socket_options=options,
    )
    http: URLLib3Session = endpoint.http_session
    return http
