"""Credentials are got once for all threads, anew before they expire, and never waited for longer than said."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)

from commercive_cli.domain.errors import NoCredentials, NotTaken
from commercive_cli.domain.stopping import stopped_by
from commercive_cli.engines.dynamodb.credential_steps import START
from commercive_cli.engines.dynamodb.credentials import MOST_LEFT, Attempt, BoundedCredentials
from commercive_cli.store.port import CredentialWait
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put
from tests.engines.dynamodb.doubles import isolated_session, script, serving, store_at

SHORT = CredentialWait(0.05)
PATIENT = CredentialWait(60)
SOON = 6.0


class Source:
    """A source that counts how often it is asked, and answers when it is told to."""

    def __init__(self, *answers: Credentials | Exception) -> None:
        self.asked = 0
        self.open = threading.Event()
        self._answers = list(answers)

    def __call__(self) -> Credentials:
        self.asked += 1
        self.open.wait(60)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def bounded(source: Callable[[], Credentials], wait: CredentialWait) -> BoundedCredentials:
    """Return credentials that are got from a source, and for which no pause is made between two attempts."""
    return BoundedCredentials(lambda: Attempt(source, START), wait, pause=0)


def expiring(key: str, *, minutes: float) -> Credentials:
    """Return credentials that expire in some minutes, of which botocore would get new ones in the last fifteen."""
    data = {
        "access_key": key,
        "secret_key": "s",
        "token": "t",
        "expiry_time": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(),
    }
    return RefreshableCredentials.create_from_metadata(data, lambda: data, "test")


def test_all_threads_share_one_attempt() -> None:
    """Sixteen requests at once ask the source once, and all of them get what it gave."""
    source = Source(Credentials("A", "S"))
    credentials = bounded(source, PATIENT)
    with ThreadPoolExecutor(16) as threads:
        got = [threads.submit(credentials.get_frozen_credentials) for _ in range(16)]
        source.open.set()
        keys = {each.result().access_key for each in got}

    assert ({"A"}, 1) == (keys, source.asked)


def test_a_silent_source_keeps_no_thread_longer_than_said() -> None:
    """Threads do not wait one after the other: those that come while one waits fail together with it."""
    source = Source(Credentials("A", "S"))
    credentials = bounded(source, CredentialWait(1))
    began = time.monotonic()
    with ThreadPoolExecutor(16) as threads:
        failures = [
            each.exception() for each in [threads.submit(credentials.get_frozen_credentials) for _ in range(16)]
        ]
    took = time.monotonic() - began
    source.open.set()

    assert {NoCredentials} == {type(each) for each in failures}
    assert took < SOON


def test_no_more_than_some_threads_are_left_behind() -> None:
    """While a source holds as many attempts as may be left, it is not asked again; when it lets go, it is."""
    source, attempts = Source(Credentials("A", "S")), list[Attempt]()

    def begin() -> Attempt:
        attempts.append(Attempt(source, START))
        return attempts[-1]

    credentials = BoundedCredentials(begin, SHORT)
    for _ in range(MOST_LEFT + 3):
        with pytest.raises(NoCredentials, match=r"no answer within 0\.05 s"):
            credentials.get_frozen_credentials()
    source.open.set()
    for each in attempts:
        each.join(60)

    assert MOST_LEFT == len(attempts) == source.asked
    with suppress(NoCredentials):  # an attempt that answers too late on a busy machine is an attempt all the same
        credentials.get_frozen_credentials()
    assert MOST_LEFT + 1 == len(attempts)


def test_new_ones_are_got_before_the_old_ones_expire() -> None:
    """In the last minutes of its credentials a long run gets others, and goes on with the old ones where that fails."""
    source = Source(expiring("old", minutes=12), ValueError("odd"), expiring("new", minutes=60))
    source.open.set()
    credentials = bounded(source, PATIENT)

    keys = [credentials.get_frozen_credentials().access_key for _ in range(4)]

    assert ["old", "old", "new", "new"] == keys
    assert 3 == source.asked


def test_nobody_waits_for_new_ones_while_the_old_ones_serve() -> None:
    """While one thread gets new credentials, the others use the old ones."""
    source = Source(expiring("old", minutes=12))
    source.open.set()
    credentials = bounded(source, PATIENT)
    credentials.get_frozen_credentials()
    source.open.clear()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(credentials.get_frozen_credentials)
        while source.asked < 2:
            threading.Event().wait(0.001)
        meanwhile = credentials.get_frozen_credentials().access_key
        source.open.set()

        assert ("old", "old") == (meanwhile, first.result().access_key)


def test_a_code_is_not_asked_for_while_the_old_ones_serve() -> None:
    """Nobody is asked for an MFA code in the middle of a run whose credentials have not expired."""
    questions: list[str] = []

    def asking() -> Credentials:
        attempt = threading.current_thread()
        assert isinstance(attempt, Attempt)
        attempt.ask("code? ")
        return expiring("A", minutes=12)

    def answer(prompt: str) -> str:
        questions.append(prompt)
        return "123456"

    credentials = bounded(asking, CredentialWait(60, ask=answer))

    assert ["A"] * 3 == [credentials.get_frozen_credentials().access_key for _ in range(3)]
    assert ["code? "] == questions


class Lapsing(Credentials):
    """Credentials that are gone when the third one asks: after the check, and after the first request."""

    asked = 0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self.asked += 1
        if self.asked > 2:
            message = "no AWS credentials from there"
            raise NoCredentials(message)
        return super().get_frozen_credentials()


def test_a_write_whose_reply_was_lost_stays_unknown_without_credentials() -> None:
    """Without credentials for a second try, nobody knows whether the first one was carried out."""
    session = isolated_session()
    session.register_component("credential_provider", CredentialResolver([Given(Lapsing("A", "S"))]))
    session.get_credentials()
    with serving(script(None)) as server:
        store = store_at(server.url, session=session)
        with pytest.raises(NoCredentials, match="from there; outcome unknown, retry with the same key"):
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ann"}))
        store.close()


class Given(CredentialProvider):
    """A source that has these credentials."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials


def test_work_that_is_stopped_waits_no_longer() -> None:
    """After Ctrl-C nobody waits out what may take two minutes at a terminal."""
    source, stop = Source(Credentials("A", "S")), threading.Event()
    stop.set()
    with stopped_by(stop), pytest.raises(NotTaken, match="gave up waiting for"):
        bounded(source, CredentialWait(120)).get_frozen_credentials()
    source.open.set()
