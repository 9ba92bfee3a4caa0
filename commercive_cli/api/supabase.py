"""Writes affiliates' links to the Supabase table that the dashboard falls back on (seed, section 2.10)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from commercive_cli.api.http.outbound import RequestFailed, Response, SendRequest, send_request
from commercive_cli.settings.api import SupabaseSettings


@dataclass(frozen=True)
class LinkTable:
    """Writes links into Supabase's `affiliate` table by PostgREST; the key is sent in headers only.

    `report` is called with the reason when a link could not be written.
    """

    settings: SupabaseSettings
    report: Callable[[str], object]
    send: SendRequest = send_request

    def show_link(self, affiliate_id: str, affiliate_url: str) -> bool:
        """Set `form_url` in the affiliate's row; return whether there was one to change. Never raises."""
        url = f"{self.settings.url}/rest/v1/affiliate?affiliate_id=eq.{quote(affiliate_id, safe='')}"
        try:
            answered = self.send("PATCH", url, self._headers(), json.dumps({"form_url": affiliate_url}).encode())
        except RequestFailed as failed:
            problem: str | None = str(failed)
        else:
            problem = _problem(answered)
        if problem is not None:
            self.report(problem)
        return problem is None

    def _headers(self) -> dict[str, str]:
        return {
            "apikey": self.settings.key,
            "authorization": f"Bearer {self.settings.key}",
            "content-type": "application/json",
            "prefer": "return=minimal,count=exact",
        }


def _problem(answered: Response) -> str | None:
    """Return why no row was changed, or None; `Content-Range: */0` is PostgREST's sign that none matched."""
    if not 200 <= answered.status < 300:
        return f"Supabase answered HTTP {answered.status}"
    if answered.headers.get("content-range", "").endswith("/0"):
        return "Supabase has no such affiliate"
    return None
