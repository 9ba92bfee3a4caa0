"""Every source of AWS's credentials, as a scripted server or program in its place: silent, slow, refusing, junk."""

import hashlib
import json
import shlex
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, repeat, takewhile
from pathlib import Path

ROLE = "arn:aws:iam::123456789012:role/shop"
SECRET = "hunter2hunter2"
"""Stands where secrets stand, so that tests see where it goes."""

KINDS = ("silent", "slow", "refusing", "junk")
_REFUSAL = b'{"__type": "AccessDenied", "Code": "AccessDenied", "message": "not you"}'
_REFUSAL_OF_STS = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
_PROCESSES = {
    "silent": "exec sleep 60",
    "slow": "while :; do printf x; sleep 0.05; done",
    "refusing": f"echo {SECRET}; echo {SECRET} >&2; exit 3",
    "junk": f"echo '<html>{SECRET}'",
    "list": "echo '[]'",
    "version": "echo '{\"Version\": 2}'",
    "partial": 'echo \'{"Version": 1, "AccessKeyId": "A"}\'',
    "no time": (
        'echo \'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": "soon"}\''
    ),
    "expired": (
        'echo \'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", '
        '"Expiration": "2001-01-01T00:00:00Z"}\''
    ),
    "endless": "yes",
    "not UTF-8": r"printf '\377'",
}

Variables = dict[str, str]
GRANT = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>key</SecretAccessKey>"
    b"<SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
    b"</AssumeRoleResponse>"
)
"""STS's answer when it lets somebody take a role."""


def _reply(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


class Service:
    """A server on loopback that never answers, or slowly, refuses, answers junk or grants, whatever it is asked."""

    def __init__(self, kind: str, refusal: bytes = _REFUSAL) -> None:
        self._replies = {
            "refusing": _reply("403 Forbidden", refusal),
            "junk": _reply("200 OK", f"<html>{SECRET}".encode()),
            "wanting a password": _reply("407 Proxy Authentication Required", b""),
            "granting": _reply("200 OK", GRANT),
        }
        self._kind = kind
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> "Service":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        socket.create_connection(self._server.getsockname()).close()
        self._thread.join()
        self._server.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            connection, _ = self._server.accept()
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as given, suppress(OSError):
            head = list(takewhile(b"\r\n".__ne__, iter(given.readline, b"")))
            if not head:  # the other side closed the connection
                return
            lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
            self.requests.append((b"".join(head) + given.read(sum(lengths))).decode())
            if self._kind in self._replies:
                connection.sendall(self._replies[self._kind])
                return
            for byte in chain(b"HTTP/1.1 200 OK\r\nX: ", repeat(ord("x"))):
                if self._over.wait(0.05):
                    return
                if self._kind == "slow":
                    connection.sendall(bytes([byte]))


@dataclass(frozen=True)
class Source:
    """A source, prepared in a directory: its variables, what a message says of it, and how it is mended."""

    variables: Variables
    blamed: str
    mend: str
    query: str = ""
    service: Service | None = None


def _profile(home: Path, text: str) -> Variables:
    (home / "aws").write_text(text)
    return {"AWS_CONFIG_FILE": str(home / "aws"), "AWS_PROFILE": "shop"}


@contextmanager
def role(home: Path, kind: str, more: str = "") -> Iterator[Source]:
    """Prepare a profile that takes a role; `more` goes into it."""
    with Service(kind, _REFUSAL_OF_STS) as service:
        keys = "[profile base]\naws_access_key_id = A\naws_secret_access_key = S\n"
        variables = _profile(home, f"{keys}[profile shop]\nrole_arn = {ROLE}\nsource_profile = base\n{more}")
        yield Source(
            {**variables, "AWS_ENDPOINT_URL_STS": service.url},
            f"STS at {service.url}, asked for the role {ROLE}",
            "role_arn",
            "",
            service,
        )


@contextmanager
def web_identity(home: Path, kind: str) -> Iterator[Source]:
    with Service(kind, _REFUSAL_OF_STS) as service:
        (home / "token").write_text(SECRET)
        variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"), "AWS_ROLE_ARN": ROLE}
        yield Source(
            {**variables, "AWS_ENDPOINT_URL_STS": service.url},
            f"STS at {service.url}, asked for the role {ROLE}",
            "renew the token",
        )


@contextmanager
def process(home: Path, kind: str) -> Iterator[Source]:
    program = home / "give-keys"
    program.write_text(f"#!/bin/sh\n{_PROCESSES[kind]}\n")
    program.chmod(0o755)
    command = shlex.join([str(program), f"--password={SECRET}"])
    yield Source(
        _profile(home, f"[profile shop]\ncredential_process = {command}\n"),
        "the credential process '",
        "run what credential_process says in profile shop",
    )


@contextmanager
def container(_home: Path, kind: str) -> Iterator[Source]:
    with Service(kind) as service:
        variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.url}/keys?key={SECRET}"}
        yield Source(
            variables, f"the container's credentials at {service.url}", "check AWS_CONTAINER_CREDENTIALS_FULL_URI"
        )


@contextmanager
def metadata(_home: Path, kind: str) -> Iterator[Source]:
    with Service(kind) as service:
        variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url}
        yield Source(
            variables,
            f"the instance metadata service at {service.url}",
            "check that this machine has a role",
            "&metadata=1",
        )


@contextmanager
def sso(home: Path, kind: str) -> Iterator[Source]:
    """Prepare a session whose token is good; the credentials for it are asked for."""
    with Service(kind) as service, _signed_in(home, "2999-01-01T00:00:00Z") as variables:
        yield Source(
            {**variables, "AWS_ENDPOINT_URL_SSO": service.url}, f"at {service.url}", "`aws sso login --profile shop`"
        )


@contextmanager
def sso_token(home: Path, kind: str) -> Iterator[Source]:
    """Prepare a session whose token has expired; a new one is asked for."""
    with Service(kind) as service, _signed_in(home, "2001-01-01T00:00:00Z") as variables:
        yield Source(
            {**variables, "AWS_ENDPOINT_URL_SSO_OIDC": service.url},
            f"at {service.url}",
            "`aws sso login --profile shop`",
        )


@contextmanager
def _signed_in(home: Path, until: str) -> Iterator[Variables]:
    cache = home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    token = {
        "accessToken": SECRET,
        "expiresAt": until,
        "refreshToken": "r",
        "clientId": "c",
        "clientSecret": "s",
        "registrationExpiresAt": "2999-01-01T00:00:00Z",
    }
    (cache / f"{hashlib.sha1(b'desk', usedforsecurity=False).hexdigest()}.json").write_text(json.dumps(token))
    yield {
        "HOME": str(home),
        **_profile(
            home,
            "[sso-session desk]\nsso_region = eu-west-1\nsso_start_url = https://desk.test/start\n"
            "[profile shop]\nsso_session = desk\nsso_account_id = 123456789012\nsso_role_name = shop\n",
        ),
    }


Prepare = Callable[[Path, str], AbstractContextManager[Source]]
HERE: Mapping[str, Prepare] = {
    "role": role,
    "web identity": web_identity,
    "process": process,
    "container": container,
    "metadata": metadata,
}
"""The sources that do not depend on what Python reads when it starts."""
