"""Where the server is: a region and, for compatible servers, an endpoint URL."""

import difflib
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import botocore.session

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.quoting import quoted

_TLS_SECONDS = 2.0


@dataclass(frozen=True)
class Endpoint:
    """A region, the endpoint URL unless it is AWS's own for that region, and which of AWS's services is there."""

    region: str
    url: str | None = None
    service: str = "DynamoDB"

    def __str__(self) -> str:
        """Return the endpoint as shown to people, without credentials that its URL may hold."""
        return f"{self.service.lower()} {self.region}" + (f" at {without_credentials(self.url)}" if self.url else "")

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is on this machine, as that of a test server."""
        host = urlsplit(self.url or "").hostname or ""
        return host == "localhost" or host.endswith(".localhost") or _is_loopback_address(host)

    def check(self) -> None:
        """Raise Invalid when the region is empty or the endpoint is no http(s) URL with a host."""
        if not self.region:
            raise Invalid("no AWS region is set; name one in the store URL: dynamodb://eu-west-1", field="region")
        if self.url is not None and not is_url(self.url):
            raise Invalid(
                f"endpoint {quoted(without_credentials(self.url))} is not a URL such as http://127.0.0.1:8000",
                field="endpoint",
            )

    def speaks_tls(self) -> bool:
        """Return whether a server behind an `http://` URL begins TLS when it is asked to, so that the URL is wrong."""
        parts = urlsplit(self.url or "")
        if parts.scheme != "http" or not parts.hostname:
            return False
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection((parts.hostname, parts.port or 80), _TLS_SECONDS) as plain,
                context.wrap_socket(plain),
            ):
                return True
        except OSError:
            return False

    def proxy(self) -> str | None:
        """Return the proxy through which the environment has it asked, without credentials, None where it has none."""
        from urllib.request import getproxies, proxy_bypass  # imported late, as it is for errors alone

        parts = urlsplit(self.url or f"https://dynamodb.{self.region}.amazonaws.com")
        proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
        return without_credentials(proxy) if proxy else None

    def unknown_region(self) -> Misconfigured | None:
        """Return the error to raise when botocore does not know the region, else None."""
        known = _known_regions()
        if self.region in known:
            return None
        near = difflib.get_close_matches(self.region, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "; name one such as eu-west-1"
        return Misconfigured(f"{quoted(self.region)} is not an AWS region{hint}", field="region")


def _known_regions() -> list[str]:
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return [region for each in partitions for region in session.get_available_regions("dynamodb", each)]


def _is_loopback_address(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_url(text: str) -> bool:
    """Return whether a text is an http or https URL with a host and, if any, a port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def without_credentials(endpoint: str) -> str:
    """Return a URL, or what was meant as one, without user and password."""
    scheme, mark, rest = endpoint.rpartition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
