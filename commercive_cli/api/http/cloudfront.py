"""CloudFront in front of the API: it proves itself by a secret header, and says from which address a viewer came.

CloudFront's own origin access control signs requests in the header Authorization, where the access tokens are (Amazon
CloudFront API Reference, "OriginAccessControlConfig", SigningBehavior). So a secret takes its place, which CloudFront
adds to each request for its origin, in place of whatever a viewer sent under that name.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from commercive_cli.api.http.events import HTTPRequest
from commercive_cli.domain.errors import Denied
from commercive_cli.domain.secrets import is_one_of

SECRET_HEADER = "x-commercive-origin"  # noqa: S105 - the header's name
ADDRESS_HEADER = "cloudfront-viewer-address"
"""Holds address and port (Amazon CloudFront Developer Guide, "Add CloudFront request headers")."""


@dataclass(frozen=True)
class CloudFront:
    """What CloudFront proves itself with: one of these `secrets`. With `only` there is no other way in."""

    secrets: tuple[str, ...] = ()
    only: bool = False

    def viewer(self, request: HTTPRequest) -> str:
        """Return the address from which a request came; raise Denied for one that came past CloudFront."""
        if is_one_of(request.header(SECRET_HEADER) or "", self.secrets):
            return _address(request.header(ADDRESS_HEADER) or "") or request.source
        if self.only:
            raise Denied("this API answers at its own address alone; ask its operators for it")
        return request.source


def _address(header: str) -> str | None:
    """Return the address in `address:port`, None when there is none. An IPv6 address stands there without brackets."""
    try:
        return str(ip_address(header.rpartition(":")[0].strip("[]")))
    except ValueError:
        return None
