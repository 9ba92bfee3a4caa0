"""Requests to Supabase over real sockets: short, without redirects, failing with RequestFailed only."""

import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import chain, count, repeat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commercive_cli.api.http.outbound import LARGEST_ANSWER, TIMEOUT_SECONDS, RequestFailed, RequestUnsent, send_request


@contextmanager
def answering(reply: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection with these bytes; yields the URL and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536))
                with suppress(OSError):  # the other side may have enough of it
                    connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/keys?a=b", asked
        thread.join()


def test_status_headers_and_body_come_back() -> None:
    """One request, one answer."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Range: 0-0/1\r\nContent-Length: 2\r\n\r\n{}") as (url, asked):
        answered = send_request("PATCH", url, {"apikey": "k"}, b"{}", seconds=60)

    assert (200, b"{}", "0-0/1") == (answered.status, answered.body, answered.headers["content-range"])
    assert asked[0].startswith(b"PATCH /keys?a=b HTTP/1.1\r\n")
    assert b"apikey: k" in asked[0]


def test_redirects_are_not_followed() -> None:
    """Redirects are not followed, so that the key is not sent to another host."""
    with answering(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert 302 == send_request("GET", url, {}, b"", seconds=60).status


def test_an_endless_answer_is_cut() -> None:
    """At most 256 KB of an answer are read."""
    size = LARGEST_ANSWER + 1000
    with answering(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size) as (url, _):
        assert len(send_request("GET", url, {}, b"", seconds=60).body) == LARGEST_ANSWER


def passing(step: float) -> Callable[[], float]:
    """Return a clock on which `step` seconds pass between two looks."""
    looks = count()
    return lambda: next(looks) * step


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 50_000 + b"\r\n\r\n",
    ],
    ids=["body", "headers"],
)
def test_an_answer_in_drips_has_failed_when_the_time_is_up(reply: bytes) -> None:
    """The limit of two seconds is for the whole request: connecting, sending and reading."""
    with answering(reply) as (url, _), pytest.raises(RequestFailed, match="TimeoutError"):
        send_request("GET", url, {}, b"", now=passing(TIMEOUT_SECONDS / 4))


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_is_left() -> None:
    """A read waits for the rest of the two seconds only."""
    clock = chain([0.0], repeat(TIMEOUT_SECONDS - 0.05))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(RequestFailed, match="TimeoutError"),
    ):
        send_request("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/", {}, b"", now=lambda: next(clock))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", CHUNKED + b"-5\r\nab", CHUNKED + b"zz\r\nab"])
def test_what_is_no_answer_has_failed(reply: bytes) -> None:
    """A closed connection or a malformed answer raises RequestFailed: what was asked may have been done."""
    with answering(reply) as (url, _), pytest.raises(RequestFailed) as failed:
        send_request("GET", url, {}, b"", seconds=60)

    assert RequestFailed is type(failed.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_sent_once_the_time_is_up(scheme: str) -> None:
    """Where connecting took all of it, not even the beginning of TLS is sent."""
    clock = chain([0.0, 0.0], repeat(TIMEOUT_SECONDS))
    with answering(b"") as (url, asked), pytest.raises(RequestUnsent, match="TimeoutError"):
        send_request("GET", url.replace("http", scheme, 1), {}, b"", now=lambda: next(clock))

    assert [b""] == asked


def test_a_connection_that_breaks_while_sending_may_have_carried_the_request() -> None:
    """The server had enough of it, and nobody knows what it has read."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset() -> None:
            connection, _ = listening.accept()
            with connection:  # closing what has more to read resets it
                connection.recv(1)

        thread = threading.Thread(target=reset)
        thread.start()
        with pytest.raises(RequestFailed) as failed:
            send_request(
                "POST", f"http://127.0.0.1:{listening.getsockname()[1]}/", {}, b"x" * 32 * 1024 * 1024, seconds=60
            )
        thread.join()

    assert RequestFailed is type(failed.value)


def test_a_server_that_nobody_vouches_for_gets_no_key(tmp_path: Path) -> None:
    """Its certificate is its own, so TLS does not come about, and the request is not sent."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(tmp_path / "server.pem"))
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                heard.append(secured.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(RequestUnsent, match="SSLCertVerificationError"):
            send_request("GET", f"https://127.0.0.1:{listening.getsockname()[1]}/", {"apikey": "k"}, b"", seconds=60)
        thread.join()

    assert heard in ([], [b""])


def self_signed(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that it signs itself, and return where they are."""
    key, at = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


def test_nobody_there_has_failed() -> None:
    """The error of a refused connection does not contain the URL's path."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(RequestFailed, match=r"127\.0\.0\.1 did not answer"):
        send_request("GET", f"http://127.0.0.1:{port}/secret", {}, b"", seconds=60)


def test_another_limit_may_be_set() -> None:
    """A backend that answers with more, or later, than Supabase does is given that room."""
    reply = f"HTTP/1.1 200 OK\r\nContent-Length: {LARGEST_ANSWER + 1}\r\n\r\n".encode() + b"x" * (LARGEST_ANSWER + 1)
    with answering(reply) as (url, _):
        assert len(send_request("GET", url, {}, b"", largest=LARGEST_ANSWER + 1, seconds=60).body) == LARGEST_ANSWER + 1
    with answering(reply) as (url, _), pytest.raises(RequestFailed, match="TimeoutError"):
        send_request("GET", url, {}, b"", seconds=3.0, now=passing(1.0))


@pytest.mark.parametrize("value", ["made-up-secret\n", "made-up-secret\u20ac"])
def test_a_header_that_http_cannot_carry_is_never_sent(value: str) -> None:
    """The error says so, and holds nothing of the header, nor does its cause."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(RequestUnsent, match="is no HTTP") as refused:
            send_request("GET", url, {"apikey": value}, b"", seconds=60)

    assert "made-up" not in "".join(traceback.format_exception(refused.value, chain=True))


@pytest.mark.parametrize("url", ["http://localhost:port/", "http://localhost:99999/", "http://[::1/", "http://a\tb c/"])
def test_an_address_that_is_no_url_is_one_that_nothing_was_sent_to(url: str) -> None:
    """As where the variable that names a port of this machine holds none; the error quotes nothing of it."""
    with pytest.raises(RequestUnsent) as refused:
        send_request("GET", url, {}, b"")

    assert url not in str(refused.value)


def test_no_connection_means_that_nothing_was_sent() -> None:
    """Where nobody listens, and where a name cannot be resolved."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for url in (f"http://127.0.0.1:{closed.getsockname()[1]}/", f"http://{'x' * 64}.invalid/"):
            with pytest.raises(RequestUnsent):
                send_request("POST", url, {}, b"{}", seconds=60)


def test_what_is_broken_off_may_have_been_done() -> None:
    """A connection that ends before the answer does not tell whether the request arrived."""
    with answering(b"") as (url, _), pytest.raises(RequestFailed) as failed:
        send_request("POST", url, {}, b"{}", seconds=60)

    assert RequestFailed is type(failed.value)
