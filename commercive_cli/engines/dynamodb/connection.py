"""The connection: credentials, time limits, and the HTTP connections that all threads share."""

import threading
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from commercive_cli import __version__
from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import Denied, Invalid, Misconfigured
from commercive_cli.engines.dynamodb.credential_chain import BoundedChain
from commercive_cli.engines.dynamodb.credential_steps import METADATA
from commercive_cli.engines.dynamodb.credentials import BoundedCredentials, check_credentials
from commercive_cli.engines.dynamodb.destination import Destination, description_loader
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import configuration_error, filtered
from commercive_cli.engines.dynamodb.replies import Reply, read_reply
from commercive_cli.engines.dynamodb.wire import CONNECTIONS, Wire
from commercive_cli.store.port import CredentialWait

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0


class Connection:
    """Sends requests to one endpoint; nothing connects before the first one.

    `only` are the operations that may be sent, all when it is None; another one raises Denied, whoever asks for it.
    `date` is the header `Date` of the latest reply, also of one that refuses; a reader sets it to None beforehand.
    Requests are signed with `time`, to which `note_time` tells what replies tell of theirs. `wrote` says that anything
    but reading went through.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        deadline: float,
        session: Session | None = None,
        metadata: bool = False,
        only: Set[str] | None = None,
        wait: CredentialWait | None = None,
        time: StoreTime | None = None,
    ) -> None:
        endpoint.check()
        self._endpoint = endpoint
        self._session = session
        self._metadata = metadata
        self._only = only
        self._wait = wait or CredentialWait()
        self._deadline = deadline
        self._wires: dict[int, Wire] = {}
        self._lock = threading.Lock()
        self.date: str | None = None
        self.time = time or StoreTime()
        self.wrote = False

    @property
    def endpoint(self) -> Endpoint:
        """Where requests go: what the store's URL says, or AWS's own configuration, such as a FIPS endpoint.

        Raises Unauthenticated, Invalid or Misconfigured when region or configuration are unusable.
        """
        if self._endpoint.url is not None:
            return self._endpoint
        with self._lock, _configured(self._endpoint):
            url = self._destination.url
        own = f"://dynamodb.{self._endpoint.region}."
        return self._endpoint if own in url else Endpoint(self._endpoint.region, url)

    def read_seconds(self, timeout_factor: int = 1) -> float:
        """Return how many seconds to wait for a reply: less than the deadline, to leave time for a second try."""
        return min(READ_SECONDS, self._deadline / 2) * timeout_factor

    def send(self, operation: str, request: Mapping[str, Any], timeout_factor: int = 1) -> Reply:
        """Send a request, wait `timeout_factor` times as long for the reply, and return what it holds.

        Raises what `Wire.send` and `read_reply` raise; Unauthenticated, Invalid or Misconfigured when configuration or
        region are unusable, Denied for what this connection does not send.
        """
        if self._only is not None and operation not in self._only:
            raise Denied(f"{self._endpoint} is open for reading only: {operation} was not sent")
        response = self._wire(timeout_factor).send(operation, request)
        self.date = response.headers.get("date", "")
        return read_reply(operation, response.status_code, response.headers, response.content)

    def s3_client(self) -> BaseClient:
        """Return a new S3 client of botocore with the same region and credentials; the caller closes it."""
        if self._only is not None:
            raise Denied(f"{self._endpoint} is open for reading only; nothing was sent")
        if self._endpoint.url is not None:
            raise Invalid("only AWS's own DynamoDB transfers to and from S3, and this store has an endpoint")
        config = Config(
            connect_timeout=self._connect_seconds,
            read_timeout=self.read_seconds(),
            max_pool_connections=CONNECTIONS,
            # Only we try again: botocore knows no deadline of ours.
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return self._open_session.create_client("s3", region_name=self._endpoint.region, config=config)

    def note_time(self, reply: Mapping[str, Any], asked: int) -> bool:
        """Take note of the time in a reply to what was sent when this machine's clock showed `asked` (ms).

        Return whether this is the first reply that shows that the clock is wrong.
        """
        date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        told = None if date is None else milliseconds(date)
        return told is not None and self.time.told(told, asked)

    def close(self) -> None:
        """Close the pooled connections; a later call opens new ones."""
        with self._lock:
            for wire in self._wires.values():
                wire.close()
            self._wires = {}

    def _wire(self, timeout_factor: int) -> Wire:
        with self._lock:
            if timeout_factor not in self._wires:
                self._wires[timeout_factor] = self._connect(timeout_factor)
            return self._wires[timeout_factor]

    def _connect(self, timeout_factor: int) -> Wire:
        timeout = (self._connect_seconds, self.read_seconds(timeout_factor))
        with _configured(self._endpoint):
            return Wire(self._open_session, self._destination, timeout, self.time)

    @property
    def _connect_seconds(self) -> float:
        return min(CONNECT_SECONDS, self._deadline / 2)

    @cached_property
    def _destination(self) -> Destination:
        with _configured(self._endpoint):
            return Destination(self._open_session, self._endpoint.region, self._endpoint.url)

    @cached_property
    def _open_session(self) -> Session:
        session = self._session or Session()
        session.user_agent_name, session.user_agent_version = "commercive", __version__
        session.register_component("data_loader", description_loader(session.get_config_variable("data_path")))
        # The mode "auto" and the provider "iam-role" ask the instance metadata service, which takes a second or more
        # on every machine that is not an EC2 instance.
        session.set_config_variable("defaults_mode", "legacy")
        if not self._metadata:
            session.get_component("credential_provider").remove(METADATA)
        _bound(session, self._endpoint.region, self._wait)
        return session


@contextmanager
def _configured(endpoint: Endpoint) -> Iterator[None]:
    """Raise this project's errors for what is wrong with AWS's own configuration: nothing has been sent."""
    try:
        yield
    except BotoCoreError as error:
        unusable = Misconfigured(f"AWS's own configuration cannot be used: {filtered(error)}")
        raise configuration_error(error, endpoint) or unusable from error
    except ValueError as error:  # botocore's word for an endpoint in AWS's configuration that is no URL
        raise Misconfigured(
            "AWS's own configuration cannot be used: an endpoint in it is not a URL; set it again"
        ) from error


def milliseconds(date: str | None) -> int | None:
    """Return the time of a header `Date` (RFC 9110, to the second); None for what is no such time."""
    try:
        return int(parsedate_to_datetime(date or "").timestamp()) * 1000
    except ValueError:
        return None


def _bound(session: Session, region: str, wait: CredentialWait) -> None:
    """Bound how long the session gets credentials; those that it was given are checked at once."""
    if not isinstance(session.get_component("credential_provider"), BoundedChain):
        session.register_component("credential_provider", BoundedChain(session, region, wait))
    credentials = session.get_credentials()
    if credentials is not None and not isinstance(credentials, BoundedCredentials):
        check_credentials(credentials.get_frozen_credentials(), credentials.method)
