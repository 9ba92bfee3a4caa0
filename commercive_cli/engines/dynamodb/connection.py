"""The connection: who asks, and the low-level clients that every thread shares."""

import threading
import zlib
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.model import OperationModel
from botocore.session import Session
from pydantic_core import from_json

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import explained
from commercive_cli.engines.dynamodb.failure_kinds import ReplyDamaged

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
CONNECTIONS = 50
_WITH_ITEMS = ("GetItem", "Query", "Scan", "BatchWriteItem")


class Connection:
    """Clients made when they are first needed; botocore is used directly, boto3 on top of it would add nothing here."""

    def __init__(
        self,
        place: Endpoint,
        *,
        deadline: float,
        session: Session | None = None,
        metadata: bool = False,
    ) -> None:
        place.check()
        self._place = place
        self._session = session
        self._metadata = metadata
        self._deadline = deadline
        self._clients: dict[int, BaseClient] = {}
        self._lock = threading.Lock()

    @property
    def place(self) -> Endpoint:
        """Where requests go; an endpoint that only AWS's own configuration names is found by making the client."""
        if self._place.endpoint is not None:
            return self._place
        url = self.client().meta.endpoint_url
        own = f"://dynamodb.{self._place.region}."
        return self._place if own in url else Endpoint(self._place.region, url)

    def read_seconds(self, patience: int = 1) -> float:
        """Return how long to wait for a reply: less than the deadline, so that there is time for a second try."""
        return min(READ_SECONDS, self._deadline / 2) * patience

    def client(self, patience: int = 1) -> BaseClient:
        """Return the client that waits so many times longer for a reply.

        Raises Unauthenticated or Invalid when configuration or region are unusable.
        """
        with self._lock:
            if patience not in self._clients:
                self._clients[patience] = self._connect(patience)
            return self._clients[patience]

    def s3_client(self) -> BaseClient:
        """Return a new client of S3 in the same region, for whoever asks DynamoDB; the caller closes it."""
        if self._place.endpoint is not None:
            raise Invalid("only AWS's own DynamoDB transfers to and from S3, and this store has an endpoint")
        return self._session_to_use().create_client("s3", region_name=self._place.region, config=self._config())

    def close(self) -> None:
        """Close the pooled connections; a later call opens new ones."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients = {}

    def _config(self, patience: int = 1) -> Config:
        return Config(
            connect_timeout=min(CONNECT_SECONDS, self._deadline / 2),
            read_timeout=self.read_seconds(patience),
            max_pool_connections=CONNECTIONS,
            endpoint_discovery_enabled=False,
            # Half of the work of a bulk load, for requests that this engine makes and the server checks anyway.
            parameter_validation=False,
            # Trying again is the business of request_sender alone: botocore knows neither conflicts nor our deadline.
            retries={"mode": "standard", "total_max_attempts": 1},
        )

    def _connect(self, patience: int) -> BaseClient:
        try:
            return self._make_client(patience)
        except BotoCoreError as error:
            told = explained(error, self._place, "CreateClient")
            if told is None:
                raise
            raise told from error

    def _session_to_use(self) -> Session:
        session = self._session = self._session or Session()
        # "auto" would ask the instance metadata service for its region, and so would the provider of its roles: a
        # second or more lost on every machine that is not an EC2 instance.
        session.set_config_variable("defaults_mode", "legacy")
        if not self._metadata:
            session.get_component("credential_provider").remove("iam-role")
        return session

    def _make_client(self, patience: int) -> BaseClient:
        client = self._session_to_use().create_client(
            "dynamodb",
            region_name=self._place.region,
            endpoint_url=self._place.endpoint,
            config=self._config(patience),
        )
        client.meta.events.register("before-parse.dynamodb", _read_reply)
        return client


def _read_reply(
    operation_model: OperationModel, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Check a reply, and read what holds items in botocore's place.

    botocore takes a body cut short, or a proxy's HTML page, for `{}`: an item that is there would be "not found", a
    write that never arrived "done". It checks x-amz-crc32 only to decide on a retry, and its retries are off. And it
    walks through every attribute value for binaries and dates, of which items here have none: two thirds of its time.
    Raises ReplyDamaged.
    """
    headers, body = response_dict["headers"], response_dict["body"]
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and int(checksum) != zlib.crc32(body):
        raise ReplyDamaged("the reply's checksum is wrong")
    if response_dict["status_code"] >= 300:
        return
    if not (body.startswith(b"{") and body.rstrip().endswith(b"}")):
        raise ReplyDamaged("the reply is not DynamoDB's")
    if operation_model.name in _WITH_ITEMS:
        try:
            customized_response_dict.update(from_json(body))
        except ValueError:
            raise ReplyDamaged("the reply is not DynamoDB's") from None
        response_dict["body"] = b"{}"
