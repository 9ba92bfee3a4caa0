"""AWS's own chain of sources of credentials, with bounds where botocore has none, and each step noted as it begins.

The chain is botocore's, put together anew for each attempt, since parts of it remember what an earlier one did. Parts
that have no bound, or ask somebody, are replaced by botocore's own classes with other arguments. Clients of STS and of
AWS's sign-in services get their time limits from the session's defaults.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, Any, cast

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleProvider,
    CanonicalNameCredentialSourcer,
    ContainerProvider,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ProcessProvider,
    ProfileProviderBuilder,
    create_credential_resolver,
)
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import METADATA_BASE_URL, ContainerMetadataFetcher, create_nested_client

from commercive_cli.engines.dynamodb.credential_steps import (
    START,
    NoAnswer,
    Step,
    step_of,
    step_of_call,
    step_of_container,
    step_of_process,
)
from commercive_cli.engines.dynamodb.credentials import Attempt, BoundedCredentials
from commercive_cli.store.port import CredentialWait

LONGEST_OUTPUT = 64 * 1024
"""Bytes that a credential process may print."""

_PAUSE = 0.1
"""Seconds between two questions for the container's credentials."""

_NAMED = ("env", "container-role", "iam-role")
"""The sources that a profile may name as credential_source."""

_CALLS = ("sts", "sso", "sso-oidc", "signin")


class BoundedChain(CredentialResolver):
    """A session's chain of which the credentials are got when they are needed, within the time of `wait`."""

    def __init__(self, session: Session, region: str, wait: CredentialWait) -> None:
        super().__init__(session.get_component("credential_provider").providers)
        self._session, self._region, self._wait = session, region, wait
        session.set_default_client_config(
            Config(
                connect_timeout=wait.seconds,
                read_timeout=wait.seconds,
                retries={"mode": "standard", "total_max_attempts": 2},
            )
        )
        for service in _CALLS:
            session.register(f"before-call.{service}", partial(_note_call, service))

    def load_credentials(self) -> Credentials:
        """Return credentials that wait for nothing until they are needed."""
        return BoundedCredentials(self._begin, self._wait)

    def _begin(self) -> Attempt:
        return Attempt(lambda: self._chain().load_credentials(), START)

    def _chain(self) -> CredentialResolver:
        """Return botocore's chain, without the sources that this session's lacks; is called in the attempt's thread."""
        session, region, cache = self._session, self._region, dict[str, Any]()
        profile = session.get_config_variable("profile") or "default"
        found = {each.METHOD: each for each in create_credential_resolver(session, cache, region).providers}
        noted = partial(_noted, session=session, profile=profile, attended=self._wait.ask is not None)
        client: Any = _Http(self._wait.seconds)
        fetcher: Any = ContainerMetadataFetcher(client, sleep=lambda _: time.sleep(_PAUSE))
        found["container-role"] = ContainerProvider(fetcher=fetcher)
        found["assume-role"] = AssumeRoleProvider(
            load_config=lambda: session.full_config,
            client_creator=partial(_sts_client, session, region, step_of("assume-role", profile, "")),
            cache=cache,
            profile_name=profile,
            prompter=_attempt().ask,
            credential_sourcer=CanonicalNameCredentialSourcer([noted(found[name]) for name in _NAMED if name in found]),
            profile_provider_builder=_Profiles(session, cache, region, noted),
        )
        ours = {each.METHOD for each in self.providers}
        return CredentialResolver([noted(each) for method, each in found.items() if method in ours])


class _Profiles(ProfileProviderBuilder):
    """The sources of the profile that a role is taken with."""

    def __init__(self, session: Session, cache: dict[str, Any], region: str, noted: "Callable[..., _Noted]") -> None:
        super().__init__(session, cache=cache, region_name=region)
        self._noted = noted

    def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[CredentialProvider]:  # noqa: FBT001, FBT002 - botocore's
        """Return the sources in their order."""
        return [self._noted(each, profile=profile_name) for each in super().providers(profile_name, disable_env_vars)]


class _Noted(CredentialProvider):
    """A source that notes when it is asked, so that what goes wrong is blamed on it."""

    def __init__(self, source: CredentialProvider, profile: str, step: Step) -> None:
        super().__init__()
        self.METHOD, self.CANONICAL_NAME = source.METHOD, source.CANONICAL_NAME
        self._source, self._profile, self._step = source, profile, step

    def load(self) -> Any:
        """Return the source's credentials, None where it has none."""
        attempt = _attempt()
        attempt.source, attempt.profile, attempt.step = str(self.METHOD), self._profile, self._step
        return self._source.load()


class _Process(subprocess.Popen[bytes]):
    """A credential process, which ends with the attempt; unless somebody sits by, also what it started ends."""

    def __init__(self, command: list[str], *, attended: bool, **_pipes: Any) -> None:
        attempt = _attempt()
        attempt.step = step_of_process(command[0] if command else "", attempt.profile)
        self._alone = not attended and os.name == "posix"
        super().__init__(
            command,
            stdin=None if attended else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=self._alone,
        )
        attempt.on_leave(self._stop)

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[bytes, bytes]:  # noqa: A002 - its name
        """Return what it printed once it has ended; raise NoAnswer when that is too much, or when it failed."""
        del input, timeout
        with cast(IO[bytes], self.stdout) as output:
            printed = output.read(LONGEST_OUTPUT + 1)
        if len(printed) > LONGEST_OUTPUT:
            self._stop()
        status = self.wait()
        if status or len(printed) > LONGEST_OUTPUT:
            raise NoAnswer(f"it ended with status {status}" if status >= 0 else "it printed no end, or was killed")
        return printed, b""

    def _stop(self) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL) if self._alone else self.kill()


class _Http:
    """The HTTP client of the container's credentials, which notes whom it asks, and a refusal."""

    def __init__(self, seconds: float) -> None:
        self._seconds = cast(Any, seconds)

    def send(self, request: Any) -> Any:
        """Return the response."""
        attempt = _attempt()
        attempt.step = step_of_container(request.url, attempt.step.said)
        response: Any = URLLib3Session(timeout=self._seconds).send(request)
        attempt.step = step_of_container(request.url, f"it answered HTTP {response.status_code}")
        return response


def _noted(source: CredentialProvider, *, session: Session, profile: str, attended: bool) -> _Noted:
    if isinstance(source, ProcessProvider):
        popen = partial(_Process, attended=attended)
        source = ProcessProvider(profile, lambda: session.full_config, popen)
    metadata = session.get_config_variable("ec2_metadata_service_endpoint") or METADATA_BASE_URL
    return _Noted(source, profile, step_of(str(source.METHOD), profile, metadata))


def _sts_client(session: Session, region: str, step: Step, service: str, **options: Any) -> Any:
    """Return the client with which a role is taken, once there are credentials to take it with."""
    _attempt().step = step
    return create_nested_client(session, service, region_name=region, **options)


def _note_call(service: str, params: dict[str, Any], **_: Any) -> None:
    attempt = _attempt()
    attempt.step = step_of_call(service, str(params["url"]), params.get("body"), attempt.profile)


def _attempt() -> Attempt:
    """Return the attempt in whose thread this is called, as all of this module is."""
    return cast(Attempt, threading.current_thread())
