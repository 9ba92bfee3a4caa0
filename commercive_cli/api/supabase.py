"""Supabase's table `affiliates`: who is which affiliate, and the link that the dashboard shows (seed, section 2.10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.api.http.outbound import RequestFailed, Response, SendRequest, send_request
from commercive_cli.domain.answers.affiliates import FormURLSet
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.links import address_to_open
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.records.idempotency import keyed, once_outside
from commercive_cli.settings.supabase import SupabaseSettings

if TYPE_CHECKING:
    from commercive_cli.services.affiliates.service import AffiliateService

TABLE = "affiliates"
SECRET_KEY = "sb_secret_"  # noqa: S105 - how such a key begins
"""What the newer keys begin with. They are no JWT, so Supabase refuses them in Authorization."""


@dataclass(frozen=True)
class AffiliateTable:
    """Reads and writes `affiliates` by PostgREST; the service key travels in headers alone.

    The columns used are user_id, affiliate_id and form_url. Every method raises OutsideUnavailable when Supabase does
    not answer within two seconds, or refuses.
    """

    settings: SupabaseSettings
    send: SendRequest = send_request

    def ids_of(self, user_id: str) -> frozenset[str]:
        """Return the affiliate ids in the rows of a user."""
        rows = self._rows({"user_id": user_id}, "affiliate_id")
        return frozenset(value for value in rows if isinstance(value, str) and value)

    def form_urls(self, affiliate_id: str) -> list[str | None]:
        """Return what the rows of an affiliate hold as `form_url`."""
        return [None if url is None else str(url) for url in self._rows({"affiliate_id": affiliate_id}, "form_url")]

    def set_form_url(self, affiliate_id: str, form_url: str, user_id: str | None = None) -> None:
        """Show a link in the affiliate's row, the user's if one is named; raise NotFound when there is no such row."""
        filters = {"affiliate_id": affiliate_id} | ({} if user_id is None else {"user_id": user_id})
        headers = {"content-type": "application/json", "prefer": "return=minimal,count=exact"}
        answered = self._asked("PATCH", _filtered(filters), headers, json.dumps({"form_url": form_url}).encode())
        # `Content-Range: */0` is how PostgREST says that no row matched.
        if answered.headers.get("content-range", "").endswith("/0"):
            raise no_such_row(affiliate_id)

    def _rows(self, filters: Mapping[str, str], column: str) -> list[Any]:
        answered = self._asked("GET", _filtered(filters) + f"&select={column}", {"accept": "application/json"})
        try:
            return [row[column] for row in json.loads(answered.body)]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise OutsideUnavailable(f"Supabase's answer about the table {TABLE} cannot be read") from None

    def _asked(self, method: str, query: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        url = f"{self.settings.url}/rest/v1/{TABLE}?{query}"
        try:
            answered = self.send(method, url, {**_credentials(self.settings.key), **headers}, body)
        except RequestFailed as failed:
            raise OutsideUnavailable(f"the table {TABLE} cannot be asked now: {failed}; try again") from failed
        if not 200 <= answered.status < 300:
            raise OutsideUnavailable(f"the table {TABLE} cannot be asked now: Supabase answered HTTP {answered.status}")
        return answered


def sync_primary_link(
    affiliates: "AffiliateService", table: AffiliateTable, affiliate_id: str, *, actor: str = "", key: str | None = None
) -> FormURLSet:
    """Let Supabase show the link that `get_link` finds by now. A repeated `key` (7 days) gets the first answer.

    Raises NotFound for an affiliate without a link, or without a row.
    """
    request = keyed("affiliates/sync", actor, key, affiliate_id)

    def sync() -> FormURLSet:
        compared = compare_primary_link(affiliates, table, affiliate_id)
        if compared.changed:
            table.set_form_url(compared.affiliate_id, compared.form_url)
        return compared

    return once_outside(affiliates.store, affiliates.clock, request, FormURLSet, sync)


def compare_primary_link(affiliates: "AffiliateService", table: AffiliateTable, affiliate_id: str) -> FormURLSet:
    """Return what `sync_primary_link` would do; `changed` says whether Supabase shows anything else. Raises as that."""
    link = affiliates.get_link(affiliate_id).affiliate_link
    if link is None:
        raise NotFound(
            f"affiliate {shortened(affiliate_id)} has no link; make one with `commercive affiliates create-link`"
        )
    form_url = address_to_open(link.affiliate_url, affiliates.dashboard_url, link.link_id)
    shown = table.form_urls(link.affiliate_id)
    if not shown:
        raise no_such_row(link.affiliate_id)
    before = next((url for url in shown if url != form_url), form_url)
    return FormURLSet(affiliate_id=link.affiliate_id, before=before, form_url=form_url, changed=before != form_url)


def no_such_row(affiliate_id: str) -> NotFound:
    """Return the error for an affiliate whom Supabase does not know."""
    return NotFound(f"Supabase's table {TABLE} has no row for affiliate {shortened(affiliate_id)}")


def _filtered(filters: Mapping[str, str]) -> str:
    return urlencode({column: f"eq.{value}" for column, value in filters.items()}, quote_via=quote, safe="")


def _credentials(key: str) -> dict[str, str]:
    return {"apikey": key} if key.startswith(SECRET_KEY) else {"apikey": key, "authorization": f"Bearer {key}"}
