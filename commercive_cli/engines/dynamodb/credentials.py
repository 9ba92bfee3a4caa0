"""Credentials, which are got within a bounded time, by one thread for all that need them, and anew before they expire.

Whatever AWS's library waits for while it gets credentials (`credential_chain.py`), it does in a thread of its own. Who
needs them waits for that thread as long as a `CredentialWait` says, and then leaves it behind.
"""

import threading
import time
from collections.abc import Callable
from copy import copy
from queue import Empty, SimpleQueue

from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from commercive_cli.domain.errors import CommerciveError, Misconfigured, NotTaken
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.domain.stopping import is_stopped
from commercive_cli.engines.dynamodb.credential_steps import METADATA, Step, failed, no_code, nothing_given, too_long
from commercive_cli.store.port import CredentialWait

TOLD_AFTER = 2.0
"""Seconds until somebody at a terminal is told whom the program waits for."""

PAUSE = 60.0
"""Seconds between two attempts to get new credentials while the old ones have not expired."""

MOST_LEFT = 4
"""How many threads may be left behind at a time; as long as there are so many, no further attempt is made."""

_LOOKS_EVERY = 0.1
_VARIABLES = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}
_ENVIRONMENT = "env"
"""botocore's name for credentials from the environment."""


class Attempt(threading.Thread):
    """One attempt to get credentials by `load`. `step` is what it does now, as far as that is noted.

    Who follows it answers its questions, and calls `leave` in the end.
    """

    def __init__(self, load: Callable[[], Credentials | None], first: Step) -> None:
        super().__init__(daemon=True)
        self._load = load
        self._questions: SimpleQueue[str | None] = SimpleQueue()
        self._codes: SimpleQueue[str] = SimpleQueue()
        self._on_leave: Callable[[], None] | None = None
        self.step = first
        self.source = ""
        self.profile = ""
        self.left = False
        self.ended = threading.Event()
        self.got: Credentials | None = None
        self.frozen: ReadOnlyCredentials | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Get the credentials; what goes wrong is kept for who follows."""
        try:
            self.got = self._load()
            self.frozen = None if self.got is None else self.got.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - whatever a library raises over what another program sent
            self.error = error
        finally:
            self.ended.set()
            self._questions.put(None)

    def ask(self, prompt: str) -> str:
        """Return the code that is typed after the prompt; is called in this thread."""
        self._questions.put(prompt)
        return self._codes.get()

    def question(self, seconds: float) -> str | None:
        """Return a prompt that wants an answer, None when none came within some seconds or the attempt has ended."""
        try:
            return self._questions.get(timeout=max(seconds, 0))
        except Empty:
            return None

    def answer(self, code: str) -> None:
        """Answer a question."""
        self._codes.put(code)

    def on_leave(self, stop: Callable[[], None]) -> None:
        """Have `stop` called when the attempt is left, at once when it is already."""
        self._on_leave = stop
        if self.left:
            stop()

    def leave(self) -> None:
        """Stop what can be stopped; nobody waits any more."""
        self.left = True
        if self._on_leave is not None and not self.ended.is_set():
            self._on_leave()


class BoundedCredentials(Credentials):
    """The credentials of a session, from an attempt of `begin`; however many threads need them, one attempt is made.

    New ones are got when the old ones are about to expire; where that fails, the old ones serve until they expire, and
    after `pause` seconds it is tried again.
    """

    method = "bounded"

    def __init__(self, begin: Callable[[], Attempt], wait: CredentialWait, *, pause: float = PAUSE) -> None:
        self._begin = begin
        self._wait = wait
        self._pause = pause
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._running: _Shared | None = None
        self._left: list[Attempt] = []

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials; raise NoCredentials, or Misconfigured when they hold odd characters."""
        held = self._held
        if held is not None and not held.is_due():
            return held.frozen
        with self._lock:
            shared, leads = self._running or _Shared(), self._running is None
            self._running = shared
        if held is not None and not held.is_expired():
            return self._renewed(held, shared if leads else None).frozen
        if leads:
            self._lead(shared, self._wait)
        shared.ended.wait()
        return shared.frozen()

    def get_deferred_property(self, property_name: str) -> Callable[[], str | None]:
        """Return what gets one property when it is needed."""
        return lambda: getattr(self.get_frozen_credentials(), property_name, None)

    def _renewed(self, held: "_Held", shared: "_Shared | None") -> "_Held":
        """Return new credentials in place of those that serve still, or the latter; nobody is asked for a code."""
        if shared is not None:
            self._lead(shared, CredentialWait(self._wait.seconds))
            held.postpone(self._pause)
        return self._held or held

    def _lead(self, shared: "_Shared", wait: CredentialWait) -> None:
        try:
            self._held = shared.held = self._followed(wait)
        except Exception as error:  # noqa: BLE001 - it is raised in every thread that waits
            shared.failure = error
        finally:
            with self._lock:
                self._running = None
            shared.ended.set()

    def _followed(self, wait: CredentialWait) -> "_Held":
        self._left = [each for each in self._left if each.is_alive()]
        if len(self._left) >= MOST_LEFT:
            raise too_long(self._left[-1].step, wait.seconds)
        attempt = self._begin()
        attempt.start()
        try:
            _follow(attempt, wait)
        finally:
            attempt.leave()
            if not attempt.ended.is_set():
                self._left.append(attempt)
        return _held(attempt, self._pause)


class _Held:
    """Credentials that were got, and when to get others."""

    def __init__(self, credentials: Credentials, frozen: ReadOnlyCredentials, pause: float) -> None:
        self.frozen = frozen
        self._expiring = credentials if isinstance(credentials, RefreshableCredentials) else None
        self.postpone(pause)

    def is_due(self) -> bool:
        """Return whether to get others now."""
        return self._expiring is not None and self._expiring.refresh_needed() and time.monotonic() >= self._again

    def is_expired(self) -> bool:
        """Return whether they are of no use any more."""
        return self._expiring is not None and self._expiring.refresh_needed(0)

    def postpone(self, pause: float) -> None:
        """Get no others for some seconds."""
        self._again = time.monotonic() + pause


class _Shared:
    """An attempt's outcome for all threads that wait for it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.held: _Held | None = None
        self.failure: Exception = NotTaken("getting AWS credentials was interrupted; nothing was sent")

    def frozen(self) -> ReadOnlyCredentials:
        """Return the credentials or raise the failure."""
        if self.held is None:
            raise copy(self.failure)
        return self.held.frozen


def check_credentials(frozen: ReadOnlyCredentials, source: str) -> None:
    """Hide the credentials from messages; raise Misconfigured, naming the wrong one, when it has odd characters.

    A line end at the end is the usual mistake, as when a file was read into a variable. Sent as they are, such keys end
    in an error of the HTTP client that quotes them, or in a signature that the server refuses.
    """
    values = {name: getattr(frozen, name) for name in _VARIABLES}
    remember_secrets(values.values())
    for name, value in values.items():
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            raise Misconfigured(
                f"{_named(name, source)} holds a space, a line end or another character that no such key "
                "has; nothing was sent, set it again without it"
            )


def _named(name: str, source: str) -> str:
    variable = _VARIABLES[name]
    return variable if source == _ENVIRONMENT else f"{variable.lower()} of the AWS credentials from {source}"


def _follow(attempt: Attempt, wait: CredentialWait) -> None:
    """Return when the attempt has ended; raise NoCredentials after the time of `wait`, in which no answer counts."""
    began, told = time.monotonic(), None
    while not attempt.ended.is_set():
        left = began + wait.seconds - time.monotonic()
        if left <= 0:
            raise too_long(attempt.step, wait.seconds)
        if is_stopped():
            raise _given_up(attempt.step)
        if (prompt := attempt.question(min(left, _LOOKS_EVERY))) is not None:
            attempt.answer(_code(attempt.step, prompt, wait))
            began = time.monotonic()
        elif wait.tell and told != attempt.step and wait.seconds - left >= min(TOLD_AFTER, wait.seconds / 2):
            told = attempt.step
            wait.tell(f"waiting for {told.who}, {wait.seconds:g} s at most; Ctrl-C gives up")


def _code(step: Step, prompt: str, wait: CredentialWait) -> str:
    if wait.ask is None:
        raise no_code("a role wants an MFA code, and nobody sits at a terminal", prompt)
    code = wait.ask(prompt).strip()
    if is_stopped():
        raise _given_up(step)
    if not code:
        raise no_code("a role wants an MFA code, and none was given", prompt)
    return code


def _given_up(step: Step) -> NotTaken:
    return NotTaken(f"gave up waiting for {step.who}; nothing was sent")


def _held(attempt: Attempt, pause: float) -> _Held:
    """Return what an ended attempt got, or raise why it got nothing."""
    if isinstance(attempt.error, CommerciveError):
        raise attempt.error
    if attempt.error is not None:
        raise failed(attempt.error, attempt.step) from attempt.error
    if attempt.got is None or attempt.frozen is None:
        raise nothing_given(attempt.step) if attempt.source == METADATA else NoCredentialsError()
    check_credentials(attempt.frozen, attempt.got.method)
    return _Held(attempt.got, attempt.frozen, pause)
