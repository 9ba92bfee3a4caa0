"""The connection: credentials, time limits, and the botocore clients that all threads share."""

import threading
import zlib
from collections.abc import Mapping, Set
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader, create_loader
from botocore.model import OperationModel
from botocore.session import Session
from pydantic_core import from_json

from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import Denied, Invalid, Misconfigured
from commercive_cli.engines.dynamodb.credential_chain import BoundedChain
from commercive_cli.engines.dynamodb.credential_steps import METADATA
from commercive_cli.engines.dynamodb.credentials import BoundedCredentials, check_credentials
from commercive_cli.engines.dynamodb.endpoint import Endpoint, is_url
from commercive_cli.engines.dynamodb.errors import configuration_error, filtered
from commercive_cli.engines.dynamodb.failure_kinds import ReplyDamaged
from commercive_cli.engines.dynamodb.signing import sign_by
from commercive_cli.store.port import CredentialWait

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
CONNECTIONS = 50
_CHECKED = ("provide-client-params", "before-call")
"""botocore's first event of a call, and its last one before the request is signed and sent."""

_REPLIES_WITH_ITEMS = ("BatchGetItem", "GetItem", "Query", "Scan", "BatchWriteItem")


class Connection:
    """Clients, which are created when they are first used; plain botocore, since nothing that boto3 adds is needed.

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
        self._clients: dict[int, BaseClient] = {}
        self._lock = threading.Lock()
        self.date: str | None = None
        self.time = time or StoreTime()
        self.wrote = False

    @property
    def endpoint(self) -> Endpoint:
        """Where requests go; an endpoint URL in AWS's own configuration files is known once the client is created."""
        if self._endpoint.url is not None:
            return self._endpoint
        url = self.client().meta.endpoint_url
        own = f"://dynamodb.{self._endpoint.region}."
        return self._endpoint if own in url else Endpoint(self._endpoint.region, url)

    def read_seconds(self, timeout_factor: int = 1) -> float:
        """Return how many seconds to wait for a reply: less than the deadline, to leave time for a second try."""
        return min(READ_SECONDS, self._deadline / 2) * timeout_factor

    def client(self, timeout_factor: int = 1) -> BaseClient:
        """Return the client that waits `timeout_factor` times as long for a reply.

        Raises Unauthenticated or Invalid when configuration or region are unusable.
        """
        with self._lock:
            if timeout_factor not in self._clients:
                self._clients[timeout_factor] = self._connect(timeout_factor)
            return self._clients[timeout_factor]

    def s3_client(self) -> BaseClient:
        """Return a new S3 client with the same region and credentials; the caller closes it."""
        if self._only is not None:
            raise Denied(f"{self._endpoint} is open for reading only; nothing was sent")
        if self._endpoint.url is not None:
            raise Invalid("only AWS's own DynamoDB transfers to and from S3, and this store has an endpoint")
        session = self._session_to_use()
        return session.create_client("s3", region_name=self._endpoint.region, config=self._config())

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
            for client in self._clients.values():
                client.close()
            self._clients = {}

    def _config(self, timeout_factor: int = 1) -> Config:
        return Config(
            connect_timeout=min(CONNECT_SECONDS, self._deadline / 2),
            read_timeout=self.read_seconds(timeout_factor),
            max_pool_connections=CONNECTIONS,
            endpoint_discovery_enabled=False,
            # Validation would take half of the time of a bulk load, and the server checks the requests anyway.
            parameter_validation=False,
            # Only RequestSender tries again: botocore knows neither transaction conflicts nor our deadline.
            retries={"mode": "standard", "total_max_attempts": 1},
        )

    def _connect(self, timeout_factor: int) -> BaseClient:
        try:
            client = self._make_client(timeout_factor)
        except BotoCoreError as error:  # nothing has been sent, so the cause is here
            unusable = Misconfigured(f"AWS's own configuration cannot be used: {filtered(error)}")
            raise configuration_error(error, self._endpoint) or unusable from error
        except ValueError as error:  # botocore's word for an endpoint in AWS's configuration that is no URL
            raise _no_url() from error
        if not is_url(client.meta.endpoint_url):
            raise _no_url()
        return client

    def _session_to_use(self) -> Session:
        session = self._session = self._session or Session()
        session.register_component("data_loader", _description_loader(session.get_config_variable("data_path")))
        # The mode "auto" and the provider "iam-role" ask the instance metadata service, which takes a second or more
        # on every machine that is not an EC2 instance.
        session.set_config_variable("defaults_mode", "legacy")
        if not self._metadata:
            session.get_component("credential_provider").remove(METADATA)
        _bound(session, self._endpoint.region, self._wait)
        return session

    def _make_client(self, timeout_factor: int) -> BaseClient:
        session = self._session_to_use()
        client = session.create_client(
            "dynamodb",
            region_name=self._endpoint.region,
            endpoint_url=self._endpoint.url,
            config=self._config(timeout_factor),
        )
        for moment in _CHECKED if self._only is not None else ():
            client.meta.events.register(f"{moment}.dynamodb", self._check_operation)
        sign_by(client, self.time)
        client.meta.events.register("before-parse.dynamodb", self._note_date)
        client.meta.events.register("before-parse.dynamodb", _read_reply)
        return client

    def _check_operation(self, model: OperationModel, **_: Any) -> None:
        if self._only is not None and model.name not in self._only:
            raise Denied(f"{self._endpoint} is open for reading only: {model.name} was not sent")

    def _note_date(self, response_dict: dict[str, Any], **_: Any) -> None:
        self.date = response_dict["headers"].get("date", "")


def milliseconds(date: str | None) -> int | None:
    """Return the time of a header `Date` (RFC 9110, to the second); None for what is no such time."""
    try:
        return int(parsedate_to_datetime(date or "").timestamp()) * 1000
    except ValueError:
        return None


def _no_url() -> Misconfigured:
    return Misconfigured("AWS's own configuration cannot be used: an endpoint in it is not a URL; set it again")


def _bound(session: Session, region: str, wait: CredentialWait) -> None:
    """Bound how long the session gets credentials; those that it was given are checked at once."""
    if not isinstance(session.get_component("credential_provider"), BoundedChain):
        session.register_component("credential_provider", BoundedChain(session, region, wait))
    credentials = session.get_credentials()
    if credentials is not None and not isinstance(credentials, BoundedCredentials):
        check_credentials(credentials.get_frozen_credentials(), credentials.method)


@cache
def _description_loader(path: str | None) -> Loader:
    """Return the loader of botocore's service descriptions, so that a process parses each one once."""
    return create_loader(path)


def _read_reply(
    operation_model: OperationModel, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Check a reply, and parse replies with items instead of botocore; raise ReplyDamaged when a reply is damaged.

    botocore reads a truncated body, or a proxy's HTML page, as `{}`: an existing item would be "not found", and a write
    that never arrived would be "done". It checks x-amz-crc32 only to decide on a retry, and its retries are off.
    And it spends two thirds of its time looking through all attribute values for binaries and dates, which our items
    do not have.
    """
    headers, body = response_dict["headers"], response_dict["body"]
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and int(checksum) != zlib.crc32(body):
        raise ReplyDamaged("the reply's checksum is wrong")
    if response_dict["status_code"] >= 300:
        return
    if not body and operation_model.output_shape is None and "x-amzn-requestid" in headers:
        return  # TagResource and UntagResource say "done" without a word; the header is DynamoDB's, and no proxy's
    if not (body.startswith(b"{") and body.rstrip().endswith(b"}")):
        raise ReplyDamaged("the reply is not DynamoDB's")
    if operation_model.name in _REPLIES_WITH_ITEMS:
        try:
            customized_response_dict.update(from_json(body))
        except ValueError:
            raise ReplyDamaged("the reply is not DynamoDB's") from None
        response_dict["body"] = b"{}"
