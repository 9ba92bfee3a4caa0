"""`chat watch` in its own process while eight writers write: through faults, an outage and `kill -9`, all told once."""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from botocore.session import Session

from commercive_cli.domain.errors import Unavailable
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from tests.cli.process import PROGRAM, started
from tests.e2e.conftest import PATIENCE, Start
from tests.e2e.embedded import file_store
from tests.e2e.stores import server_store
from tests.engines.dynamodb.doubles import Answer, Request, carried, refusal, serving

WRITERS = 8
FAULTS = 0.2


class FaultyNetwork:
    """Stands between clients and a real server: a fifth of all requests fail, and every one while it `is_down`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._dice = random.Random(13)
        self._lock = threading.Lock()
        self.is_down = False
        self.failed = 0

    def __call__(self, request: Request) -> Answer:
        """Carry a request to the server, or let it fail: refused, throttled, or with its reply lost."""
        with self._lock:
            fault = "down" if self.is_down else self._dice.choice(_KINDS) if self._dice.random() < FAULTS else ""
            self.failed += bool(fault)
        match fault:
            case "down":
                return None
            case "refused":
                return refusal("InternalServerError", status=500)
            case "throttled":
                return refusal("ThrottlingException")
        reply = carried(self._endpoint, request)
        return None if fault == "lost" else reply


_KINDS = ("refused", "throttled", "lost")


class Writers:
    """Eight writers, each of which repeats a message, by the same key, until it is acknowledged."""

    def __init__(self, chat: ChatService, names: Sequence[str], sends: int) -> None:
        self._chat = chat
        self._names = names
        self._each = sends // WRITERS

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let them write while the block runs, and wait for them."""
        with ThreadPoolExecutor(WRITERS) as pool:
            done = [pool.submit(self._write, number) for number in range(WRITERS)]
            yield
            for each in done:
                each.result()

    def _write(self, writer: int) -> None:
        for number in range(self._each):
            self._send(self._names[(writer + number) % len(self._names)], writer, f"{writer}-{number}")

    def _send(self, name: str, writer: int, text: str) -> None:
        while True:
            try:
                if writer % 2:
                    self._chat.send("u-1", text, conversation_id=name, key=text)
                else:
                    self._chat.reply(name, f"agent-{writer}", text, key=text)
            except Unavailable:
                continue
            return


class Watcher:
    """`chat watch -o jsonl` in a process of its own, and what it has written."""

    def __init__(self, environment: dict[str, str], arguments: Sequence[str]) -> None:
        command = [*PROGRAM, "chat", "watch", *arguments, "-o", "jsonl"]
        self.process = started([*command, "--interval", "0.1"], stdout=PIPE, stderr=PIPE, env=environment)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._out, self._err = self.process.stdout, self.process.stderr
        self.start = json.loads(self._out.readline())
        self.lines: list[dict[str, Any]] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    @property
    def cursor(self) -> str:
        """The cursor of the last whole line."""
        return str((self.lines or [self.start])[-1]["cursor"])

    def read(self, count: int) -> None:
        """Return when there are so many events."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.lines) >= count, 5 * PATIENCE)

    def remark(self) -> str:
        """Return the next line on stderr."""
        return self._err.readline().decode()

    def kill(self) -> str:
        """End it as `kill -9` does; what it wrote before is read, but for half a line. Return the rest of stderr."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join()
        with self._out, self._err:
            return self._err.read().decode()

    def _collect(self) -> None:
        for line in self._out:
            if line.endswith(b"\n"):
                with self._more:
                    self.lines.append(json.loads(line))
                    self._more.notify()


def by_conversation(lines: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ids of the messages of each conversation, in the order in which they were told."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line["event"] == "message":
            found.setdefault(line["message"]["conversation_id"], []).append(line["message"]["message_id"])
    return found


def stored(chat: ChatService, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the messages behind the first one of each conversation."""
    return {name: [each.message_id for each in chat.messages(name).messages[1:]] for name in names}


@pytest.mark.parametrize(("threads", "sends"), [(1, 800), (6, 480)], ids=["one-by-id", "all"])
def test_every_message_once_and_in_order_through_faults(
    threads: int, sends: int, start: Start, real_endpoint: str
) -> None:
    """A fifth of the requests fail, the network is down until that is told, and the watch is killed and goes on."""
    network, session = FaultyNetwork(real_endpoint), Session()
    session.set_credentials("local", "local")
    with (
        serving(network) as server,
        server_store(real_endpoint, session=session) as sound,
        closing(DynamoDBStore("eu-west-1", prefix=sound.prefix, endpoint=server.url, session=session)) as faulty,
    ):
        names = _begun(sound, threads)
        watched = names if threads == 1 else []
        environment = start(f"dynamodb://eu-west-1?prefix={sound.prefix}&endpoint={server.url}").environment
        first = Watcher(environment, watched)
        with Writers(ChatService(faulty), names, sends).writing():
            first.read(sends // 4)
            network.is_down = True
            lost = first.remark()
            network.is_down = False
            found = first.remark()
            first.read(sends // 2)
            first.kill()
            rest = ["--cursor", first.cursor, "--limit", str(sends - len(first.lines))]
            second = Watcher(environment, [*watched, *rest])
            second.read(sends - len(first.lines))
        assert 0 == second.process.wait(PATIENCE)
        second.kill()
        feeds = FeedService(faulty)
        after = feeds.threads(names, second.cursor) if watched else feeds.whole(second.cursor)

        assert stored(ChatService(sound), names) == by_conversation([*first.lines, *second.lines])
        assert [] == list(after.poll())
        assert network.failed > FAULTS * sends
        assert lost.startswith("commercive: no contact with the store (")
        assert found.endswith("nothing was missed\n")


@pytest.mark.parametrize("threads", [1, 6], ids=["one-by-id", "all"])
def test_a_file_is_watched_alike(threads: int, start: Start, tmp_path: Path) -> None:
    """With SQLite there is no network; a watch that was killed goes on."""
    sends = 400
    with file_store(tmp_path / "store.db") as store:
        names = _begun(store, threads)
        watched = names if threads == 1 else []
        environment = start(f"sqlite:///{tmp_path}/store.db").environment
        first = Watcher(environment, watched)
        with Writers(ChatService(store), names, sends).writing():
            first.read(sends // 2)
            remarks = first.kill()
            rest = ["--cursor", first.cursor, "--limit", str(sends - len(first.lines))]
            second = Watcher(environment, [*watched, *rest])
            second.read(sends - len(first.lines))
        assert 0 == second.process.wait(PATIENCE)
        remarks += second.kill()

        assert stored(ChatService(store), names) == by_conversation([*first.lines, *second.lines])
        assert "" == remarks


def _begun(store: Store, count: int) -> list[str]:
    chat = ChatService(store)
    return [chat.send("u-1", "Hello", store="shop.example").conversation_id for _ in range(count)]
