"""The API's actions through the application that the Lambda's handler calls, warm, beside a bare boto3 client.

The client replays the requests of ours on tables of its own with the same items, so that none is refused.
"""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import count
from typing import Any

import jwt
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest
from botocore.session import Session

from commercive_cli.api.factory import create_application
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import bootstrap
from commercive_cli.domain.models import Message
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.settings.api import load_api
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import StoreURL
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table
from tests.api.test_seed_requests import LEAD
from tests.api.world import Answer, Client
from tests.benchmarks.measuring import Measured, Row, Sample, in_process, in_turns
from tests.benchmarks.places import REGION, Places, first

SECRET = "a shared secret of forty characters, and so on"
ISSUER = "https://project.supabase.co/auth/v1"
OURS, THEIRS = "ours_", "bare_"
CALLS = 40
LONG = (100, 1_000)

Request = tuple[str, dict[str, Any]]


@dataclass
class Recorded:
    """An application on tables of its own, and the requests that it sent since they were last taken."""

    client: Client
    measured: list[Sample]
    items: dict[Table, list[Item]]
    sent: list[AWSPreparedRequest] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def take(self) -> list[Request]:
        """Return what was sent, for the other tables and under new tokens, and forget it."""
        requests = [request_of(each) for each in self.sent]
        self.sent.clear()
        for _, parameters in requests:
            parameters.pop("ClientRequestToken", None)
        return requests

    def open_conversation(self) -> Item:
        return first(self.items[CONVERSATIONS], status="open")

    @cached_property
    def pending(self) -> Iterator[str]:
        """The leads that are not decided, each once."""
        return iter([str(each["lead_id"]) for each in self.items[LEADS] if each["status"] == "pending"])


def request_of(sent: Any) -> Request:
    """Return a request of ours for the other tables."""
    parameters = json.loads(sent.body.decode().replace(f'"{OURS}', f'"{THEIRS}'))
    return sent.headers["X-Amz-Target"].partition(".")[2], parameters


@cache
def token(subject: str, role: str) -> str:
    """Return somebody's token, signed with the shared secret."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": subject, "iat": now}
    return jwt.encode(claims | {"exp": now + 36_000, "app_metadata": {"role": role}}, SECRET, "HS256")


Call = Callable[[Recorded], Answer]
WRITES: dict[str, Call] = {
    "chat/send": lambda r: r.client.as_(token(str(r.open_conversation()["user_id"]), "user")).post(
        "chat/send",
        user_id=r.open_conversation()["user_id"],
        message="Where is my parcel?",
        conversation_id=r.open_conversation()["conversation_id"],
    ),
    "chat/reply": lambda r: r.client.post(
        "chat/reply",
        conversation_id=r.open_conversation()["conversation_id"],
        admin_id="bench",
        message="It is on its way.",
    ),
    "affiliate/submit-lead": lambda r: r.client.from_(f"198.51.100.{next(r.numbers)}").post(
        "affiliate/submit-lead", link_id=r.items[AFFILIATE_LINKS][0]["link_id"], lead_data=LEAD
    ),
    "admin/approve-lead": lambda r: r.client.post(
        "admin/approve-lead",
        lead_id=next(r.pending),
        admin_id="bench",
        decision="approve",
        commission_amount=5,
    ),
}
READS: dict[str, Call] = {
    "chat/conversations": lambda r: r.client.get(
        "chat/conversations", f"user_id={r.open_conversation()['user_id']}&limit=5"
    ),
    "chat/messages": lambda r: r.client.get(
        "chat/messages", f"conversation_id={r.open_conversation()['conversation_id']}"
    ),
    "affiliate/stats": lambda r: r.client.get(
        "affiliate/stats", f"affiliate_id={r.items[AFFILIATE_LINKS][0]['affiliate_id']}"
    ),
    "admin/leads": lambda r: r.client.get("admin/leads", "status=pending&limit=10"),
}


def thread_of(number: int) -> str:
    return f"ffffffff-0000-7000-8000-{number:012}"


def long_threads() -> list[Item]:
    """Return threads of 100 and 1,000 messages."""
    return [
        Message(
            message_id=f"ffffffff-ffff-7fff-bfff-{number:012}",
            conversation_id=thread_of(length),
            sender_type="user" if number % 2 else "admin",
            sender_id="user-1",
            message_text="A sentence of the usual length, as people write it.",
            created_at=1_750_000_000_000 + number,
        ).item()
        for length in LONG
        for number in range(length)
    ]


def recorded(places: Places) -> Recorded:
    """Return an application over new tables that hold what the other tables of these rows hold."""
    items = {**places.items, MESSAGES: [*places.items[MESSAGES], *long_threads()]}
    for prefix in (OURS, THEIRS):
        places.filled(prefix, items)
    session = Session()
    session.set_credentials("test", "test")
    settings = Settings(StoreURL("dynamodb", region=REGION, endpoint=places.endpoint), "bench")
    store = DynamoDBStore(REGION, prefix=OURS, endpoint=places.endpoint, session=session)
    api = {"COMMERCIVE_API_AUTH": "jwt", "COMMERCIVE_JWT_ISSUER": ISSUER, "COMMERCIVE_JWT_SECRET": SECRET}
    api["COMMERCIVE_ADDRESS_KEY"] = "0123456789abcdef" * 4
    application = create_application(load_api(api), bootstrap(settings, store=store), Telemetry(io.StringIO()))
    measured: list[Sample] = []

    def handle(event: Mapping[str, Any]) -> Mapping[str, Any]:
        replies: list[dict[str, Any]] = []
        measured.append(in_process(lambda: replies.append(application(event))))
        return replies[0]

    found = Recorded(Client(handle).as_(token("bench", "admin")), measured, items)

    session.register("before-send.dynamodb", lambda **event: found.sent.append(event["request"]))
    return found


def beside_boto3(call: Call, places: Places) -> Measured:
    """Measure an action beside its own requests, call by call."""
    ours, client = shared(places), places.client()
    replayed: list[Request] = []

    def of_ours() -> Sample:
        ours.sent.clear()
        answer = call(ours)
        assert answer.status == 200, answer.body
        replayed[:] = ours.take()
        return ours.measured.pop()

    def replay() -> None:
        for name, parameters in replayed:
            getattr(client, xform_name(name))(**parameters)

    return in_turns(of_ours, lambda: in_process(replay), CALLS)


_shared: dict[int, Recorded] = {}


def shared(places: Places) -> Recorded:
    """Return the application of these places, which all rows share."""
    if id(places) not in _shared:
        _shared[id(places)] = recorded(places)
    return _shared[id(places)]


def reading(length: int) -> Call:
    return lambda r: r.client.get("chat/messages", f"conversation_id={thread_of(length)}")


ROWS = [
    *(Row(f"{name}, warm", "its requests by boto3", 1.1, partial(beside_boto3, call)) for name, call in WRITES.items()),
    *(Row(f"{name}, warm", "its requests by boto3", 1.1, partial(beside_boto3, call)) for name, call in READS.items()),
    *(
        Row(f"chat/messages of {each:,}, warm", "its requests by boto3", 0.7, partial(beside_boto3, reading(each)))
        for each in LONG
    ),
]
