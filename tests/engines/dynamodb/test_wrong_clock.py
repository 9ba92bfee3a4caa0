"""A clock that is wrong is set right by the server's, which every reply tells, also one that refuses."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest

from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import BeginAnew, Misconfigured, Unauthenticated
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import ClockCorrected
from commercive_cli.store.right_time import with_right_time
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Put
from tests.engines.dynamodb.doubles import (
    Answer,
    Reply,
    Request,
    Server,
    refusal,
    script,
    serving,
    store_at,
    success,
)
from tests.engines.dynamodb.timed import Timed
from tests.services.fakes import DAY, START, ManualClock
from tests.services.raw_data import rows

MINUTE = 60_000
KEY = {"pk": "p", "sk": "s"}
WRONG = (10 * DAY, -10 * DAY, 6 * MINUTE, -6 * MINUTE)


@dataclass
class Machine:
    """A machine whose clock is `ahead` of a server's, both of which stand still unless a test moves them."""

    ahead: int
    server: ManualClock = field(default_factory=lambda: ManualClock(START, step=0))
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = StoreTime(lambda: self.server.now + self.ahead, self.remarks.append)

    @contextmanager
    def asking(self, answer: Timed) -> Iterator[tuple[DynamoDBStore, Server]]:
        """Yield a store that asks that server."""
        with serving(answer) as server, closing(store_at(server.url, clock=self.time)) as store:
            yield store, server

    @property
    def wrong_by(self) -> int:
        """Return by how many ms the time that it takes for right is off the server's."""
        return abs(self.time() - self.server.now)


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        *((ahead, "InvalidSignatureException") for ahead in WRONG),
        (DAY, "RequestTimeTooSkewed"),
        (DAY, "RequestInTheFuture"),
        (-DAY, "RequestExpired"),
        (-DAY, "SignatureDoesNotMatch"),
        (-DAY, "AuthFailure"),
    ],
)
def test_what_is_refused_for_its_time_is_signed_again(ahead: int, code: str) -> None:
    """Once, with a good signature of the server's time; the clock is named once, and right from then on."""
    machine = Machine(ahead)
    with machine.asking(Timed(machine.server, reply=success(), code=code)) as (store, server):
        found = [store.get(OPS, KEY) for _ in range(3)]

    assert [None] * 3 == found
    assert ["GetItem"] * 4 == server.operations
    assert 1 == len(machine.remarks)
    assert machine.wrong_by < 1_000


@contextmanager
def chatting(machine: Machine, endpoint: str, *, lenient: bool = False) -> Iterator[tuple[ChatService, Server]]:
    """Yield a machine's chat on the real server, whose tables were made by a machine that is right."""
    answer = Timed(machine.server, endpoint, lenient=lenient)
    with Machine(0, machine.server).asking(answer) as (right, server):
        for table in (CONVERSATIONS, MESSAGES, OPS):
            right.create_table(table)
        with closing(store_at(server.url, prefix=right.prefix, clock=machine.time)) as store:
            server.requests.clear()
            yield ChatService(store, machine.time), server
        for table in (CONVERSATIONS, MESSAGES, OPS):
            right.delete_table(table)


@pytest.mark.parametrize("ahead", WRONG)
def test_the_first_message_has_the_time_of_the_server(real_endpoint: str, ahead: int) -> None:
    """The refused write held wrong times, so it is made anew: message, ids, wait and key are of the right time."""
    machine = Machine(ahead)
    with chatting(machine, real_endpoint) as (chat, server):
        sent = with_right_time(lambda: chat.send("user-1", "Hello", key="k"))
        again = with_right_time(lambda: chat.send("user-1", "Hello", key="k"))
        asked = list(server.operations)
        (claim,) = rows(chat.store, OPS)

    assert sent == again
    assert abs(sent.created_at - START) < 1_000
    assert abs(claim["expires_at"] - START // 1000 - 7 * DAY // 1000) <= 1
    assert ["TransactWriteItems"] * 3 == asked
    assert 1 == len(machine.remarks)


@pytest.mark.parametrize("ahead", WRONG)
def test_a_server_that_takes_any_signature_sets_the_clock_right_too(real_endpoint: str, ahead: int) -> None:
    """From its first reply on; without a request more, and the first message, which is of a wrong time, stays."""
    machine = Machine(ahead)
    with chatting(machine, real_endpoint, lenient=True) as (chat, server):
        first, second = chat.send("user-1", "Hello"), chat.send("user-1", "Hello")
        asked = list(server.operations)

    assert START + ahead == first.created_at
    assert abs(second.created_at - START) < 1_000
    assert ["TransactWriteItems"] * 2 == asked


@pytest.mark.parametrize("ahead", [0, 59_000, -59_000])
def test_clocks_differ_by_a_minute(ahead: int) -> None:
    """That passes for right, and nothing is said of it."""
    machine = Machine(ahead)
    with machine.asking(Timed(machine.server, reply=success())) as (store, _):
        store.get(OPS, KEY)

    assert ([], abs(ahead)) == (machine.remarks, machine.wrong_by)


BEGUN_ANEW: dict[str, list[tuple[str, int, bool]]] = {
    "a read": [("read", DAY, True), ("read", DAY, False)],
    "a write": [("write", DAY, False), ("read", DAY, False)],
    "a read behind a write": [("write", 0, False), ("read", DAY, False)],
}


@pytest.mark.parametrize("shown_by", BEGUN_ANEW)
def test_who_has_only_read_begins_anew_and_once(shown_by: str) -> None:
    """What was asked for may go by the wrong time; what was written is not done again for that."""
    machine = Machine(0)
    machine.time = StoreTime(lambda: machine.server.now + machine.ahead, anew=True)
    with machine.asking(Timed(machine.server, lenient=True, reply=success())) as (store, _):
        for use, machine.ahead, begins_anew in BEGUN_ANEW[shown_by]:
            with pytest.raises(BeginAnew) if begins_anew else nullcontext():
                store.get(OPS, KEY) if use == "read" else store.transact(Put(OPS, KEY))


def test_a_write_is_refused_once_and_not_for_ever() -> None:
    """Who makes it anew is told that nothing was written; with wrong credentials too, those are blamed then."""
    machine = Machine(DAY)
    with machine.asking(Timed(machine.server, reply=refusal("InvalidSignatureException"))) as (store, server):
        with pytest.raises(ClockCorrected, match="nothing was written"):
            store.transact(Put(OPS, KEY))
        with pytest.raises(Unauthenticated, match="does not accept these credentials"):
            store.transact(Put(OPS, KEY))

    assert ["TransactWriteItems"] * 2 == server.operations


def test_after_a_lost_reply_the_same_request_is_signed_again() -> None:
    """The first try may have been carried out: made anew, it could be carried out twice."""
    machine = Machine(0)
    timed = Timed(machine.server, reply=success())

    def answer(request: Request) -> Answer:
        if len(server.requests) == 1:
            machine.ahead = DAY  # and the reply is lost
            return None
        return timed(request)

    with serving(answer) as server, closing(store_at(server.url, clock=machine.time)) as store:
        store.transact(Put(OPS, KEY))

    tokens = {request.parameters["ClientRequestToken"] for request in server.requests}
    assert (1, 3, 1) == (timed.refused, len(server.requests), len(tokens))


@pytest.mark.parametrize(
    "words", ["Signature not yet current: 1 is still later", "Signature expired: 1 is now earlier"]
)
def test_where_no_reply_tells_the_time_the_clock_is_blamed(words: str) -> None:
    """Not the credentials, which are good."""
    reply = refusal("InvalidSignatureException", words)
    with (
        serving(script(Reply(reply.body, reply.status, {"Date": "never"}))) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(Misconfigured, match="set this machine's clock"),
    ):
        store.get(OPS, KEY)

    assert ["GetItem"] == server.operations
