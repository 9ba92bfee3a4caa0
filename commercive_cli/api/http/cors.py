"""CORS: the exact origins whose pages may call the API from a browser (Fetch standard, "CORS protocol")."""

from dataclasses import dataclass

from commercive_cli.api.http.events import HTTPRequest, Reply
from commercive_cli.domain.errors import Denied

METHODS = ("GET", "POST")
ALLOW = (*METHODS, "OPTIONS")
TRACING_HEADERS = ("sentry-trace", "baggage", "traceparent", "tracestate")
"""What tracing libraries add to every request of a page (W3C Trace Context and Baggage, and Sentry's own)."""

REQUEST_HEADERS = ("authorization", "content-type", "idempotency-key", *TRACING_HEADERS)
EXPOSED_HEADERS = ("retry-after", "x-request-id")
MAX_AGE_SECONDS = 3600


@dataclass(frozen=True)
class Cors:
    """The origins that may call; None leaves CORS to a proxy in front of the API.

    Where a Function URL's CORS settings send the headers, `sends_headers` is false: browsers refuse doubled ones.
    Foreign origins are refused here all the same, as the URL lets their requests through. `extra_headers` are those
    that pages may send beyond the usual.
    """

    origins: tuple[str, ...] | None = None
    sends_headers: bool = True
    extra_headers: tuple[str, ...] = ()

    def check(self, request: HTTPRequest) -> None:
        """Raise Denied for a request from a page that is not on the list.

        Leaving out headers alone would not prevent writes: browsers send simple requests, such as a POST without
        content type, without asking, and only withhold the answer from the page.
        """
        if self.origins is not None and request.header("origin") not in (None, *self.origins):
            raise Denied("pages of this origin may not call the API")

    def headers(self, request: HTTPRequest) -> dict[str, str]:
        """Return the headers that allow the page to read the answer; none for a page that is not on the list."""
        origin = request.header("origin")
        if not self.sends_headers or origin is None or origin not in (self.origins or ()):
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": ", ".join(EXPOSED_HEADERS)}

    def preflight(self, request: HTTPRequest) -> Reply:
        """Return the answer to OPTIONS; it permits pages on the list to send the API's methods and headers."""
        reply = {"allow": ", ".join(ALLOW)}
        if not self.headers(request):
            return Reply(204, headers=reply)
        permission = {
            "access-control-allow-methods": ", ".join(METHODS),
            "access-control-allow-headers": ", ".join((*REQUEST_HEADERS, *self.extra_headers)),
            "access-control-max-age": str(MAX_AGE_SECONDS),
        }
        return Reply(204, headers=reply | permission)
