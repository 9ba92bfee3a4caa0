"""Supabase's table `affiliates`: who is which affiliate, and the link that the dashboard shows (seed, section 2.10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.api.http.outbound import RequestFailed, Response, SendRequest, send_request
from commercive_cli.domain.answers.affiliates import FormURLSet
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.links import address_to_open
from commercive_cli.domain.models import AffiliateLink
from commercive_cli.domain.proof import Proof
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.records.idempotency import keyed, once_outside
from commercive_cli.settings.supabase import SupabaseSettings

if TYPE_CHECKING:
    from commercive_cli.services.affiliates.service import AffiliateService

TABLE = "affiliates"
SECRET_KEY = "sb_secret_"  # noqa: S105 - how such a key begins
"""What the newer keys begin with.

They are no JWT, so Supabase refuses them in Authorization (its guide to API keys, "Known limitations and compatibility
differences").
"""

_KEY_REFUSED = 401


class Shown(NamedTuple):
    """What one row holds: whose it is, their shop, and the link that the dashboard shows them."""

    user_id: str | None
    store_url: str | None
    form_url: str | None


@dataclass(frozen=True)
class AffiliateTable:
    """Reads and writes `affiliates` by PostgREST; the service key travels in headers alone.

    The columns used are user_id, affiliate_id, store_url and form_url. Every method raises OutsideUnavailable when
    Supabase does not answer within two seconds, or refuses.
    """

    settings: SupabaseSettings
    send: SendRequest = send_request

    def ids_of(self, user_id: str) -> frozenset[str]:
        """Return the affiliate ids in the rows of a user."""
        rows = self._rows({"user_id": user_id}, "affiliate_id")
        return frozenset(value for (value,) in rows if isinstance(value, str) and value)

    def same_person(self, one: str) -> Proof:
        """Return what the rows prove about an id of a user or an affiliate.

        The ids of one user are one person's. An affiliate's id that stands in the rows of several users proves nothing.
        """
        users = {row.user_id for row in self.shown(one) if row.user_id}
        if len(users) > 1:
            return Proof(
                doubtful=tuple((each, f"Supabase gives {one} to {len(users)} users") for each in sorted(users))
            )
        mine = self.ids_of(one) if _is_uuid(one) else frozenset()
        shared = {each for each in mine if {row.user_id for row in self.shown(each)} - {None, one.lower()}}
        doubtful = tuple((each, f"Supabase gives it to other users than {one} as well") for each in sorted(shared))
        return Proof(frozenset(users) | (mine - shared), doubtful)

    def shown(self, affiliate_id: str) -> list[Shown]:
        """Return what the rows of an affiliate show."""
        rows = self._rows({"affiliate_id": affiliate_id}, "user_id", "store_url", "form_url")
        return [Shown(*(None if value is None else str(value) for value in row)) for row in rows]

    def set_form_url(self, affiliate_id: str, form_url: str, **user_id: str | None) -> None:
        """Show a link in the affiliate's row, the user's if one is named; raise NotFound when there is no such row."""
        filters = {"affiliate_id": affiliate_id, **user_id}
        headers = {"content-type": "application/json", "prefer": "return=minimal,count=exact"}
        answered = self._asked("PATCH", _filtered(filters), headers, json.dumps({"form_url": form_url}).encode())
        # `Content-Range: */0` is how PostgREST says that no row matched.
        if answered.headers.get("content-range", "").endswith("/0"):
            raise no_such_row(affiliate_id)

    def _rows(self, filters: Mapping[str, str], *columns: str) -> list[list[Any]]:
        query = f"{_filtered(filters)}&select={','.join(columns)}"
        answered = self._asked("GET", query, {"accept": "application/json"})
        try:
            return [[row[column] for column in columns] for row in json.loads(answered.body)]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise OutsideUnavailable(f"Supabase's answer about the table {TABLE} cannot be read") from None

    def _asked(self, method: str, query: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        url = f"{self.settings.url}/rest/v1/{TABLE}?{query}"
        try:
            answered = self.send(method, url, {**_credentials(self.settings.key), **headers}, body)
            if answered.status == _KEY_REFUSED and self.settings.second_key is not None:
                answered = self.send(method, url, {**_credentials(self.settings.second_key), **headers}, body)
        except RequestFailed as failed:
            raise OutsideUnavailable(f"the table {TABLE} cannot be asked now: {failed}; try again") from failed
        if not 200 <= answered.status < 300:
            raise OutsideUnavailable(f"the table {TABLE} cannot be asked now: Supabase answered HTTP {answered.status}")
        return answered


def sync_primary_link(
    affiliates: "AffiliateService", table: AffiliateTable, affiliate_id: str, *, actor: str = "", key: str | None = None
) -> FormURLSet:
    """Let each row show its shop's link, or the newest one. A repeated `key` (7 days) gets the first answer.

    Raises NotFound for an affiliate without a link, or without a row.
    """
    request = keyed("affiliates/sync", actor, key, affiliate_id)

    def sync() -> FormURLSet:
        rows = _compared(affiliates, table, affiliate_id)
        for row, compared in rows:
            if compared.changed:
                table.set_form_url(compared.affiliate_id, compared.form_url, user_id=row.user_id)
        return _answer(rows)

    return once_outside(affiliates.store, affiliates.clock, request, FormURLSet, sync)


def compare_primary_link(affiliates: "AffiliateService", table: AffiliateTable, affiliate_id: str) -> FormURLSet:
    """Return what `sync_primary_link` would do; `changed` says whether Supabase shows anything else. Raises as that."""
    return _answer(_compared(affiliates, table, affiliate_id))


def _compared(
    affiliates: "AffiliateService", table: AffiliateTable, affiliate_id: str
) -> list[tuple[Shown, FormURLSet]]:
    """Return the rows of an affiliate, each with what it is to show."""
    link = affiliates.get_link(affiliate_id).affiliate_link
    if link is None:
        raise NotFound(
            f"affiliate {shortened(affiliate_id)} has no link; make one with `commercive affiliates create-link`"
        )
    rows = table.shown(link.affiliate_id)
    if not rows:
        raise no_such_row(link.affiliate_id)
    return [(row, _to_show(affiliates, row, link)) for row in rows]


def _to_show(affiliates: "AffiliateService", row: Shown, oldest: AffiliateLink) -> FormURLSet:
    link = affiliates.link_to_show(oldest.affiliate_id, row.store_url or "") or oldest
    form_url = address_to_open(link.affiliate_url, affiliates.dashboard_url, link.link_id)
    return FormURLSet(
        affiliate_id=link.affiliate_id, before=row.form_url, form_url=form_url, changed=row.form_url != form_url
    )


def _answer(rows: list[tuple[Shown, FormURLSet]]) -> FormURLSet:
    """Return what is told of an affiliate, who as a rule has one row: the first one that changes."""
    return next((compared for _, compared in rows if compared.changed), rows[0][1])


def no_such_row(affiliate_id: str) -> NotFound:
    """Return the error for an affiliate whom Supabase does not know."""
    return NotFound(f"Supabase's table {TABLE} has no row for affiliate {shortened(affiliate_id)}")


def _is_uuid(one: str) -> bool:
    """Return whether an id can be a user's: asked for another one, PostgREST refuses to compare it with a UUID."""
    try:
        return str(UUID(one)) == one.lower()
    except ValueError:
        return False


def _filtered(filters: Mapping[str, str | None]) -> str:
    told = {column: "is.null" if value is None else f"eq.{value}" for column, value in filters.items()}
    return urlencode(told, quote_via=quote, safe="")


def _credentials(key: str) -> dict[str, str]:
    return {"apikey": key} if key.startswith(SECRET_KEY) else {"apikey": key, "authorization": f"Bearer {key}"}
