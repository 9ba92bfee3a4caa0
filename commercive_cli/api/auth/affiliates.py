"""Which affiliate somebody who signed in is: by the token, by Supabase's table, or by the user's own id."""

import threading
from collections import OrderedDict

from commercive_cli.api.auth.tokens import Identity
from commercive_cli.api.supabase import AffiliateTable
from commercive_cli.domain.clock import Clock, system_clock

KNOWN_MS = 600_000
"""An affiliate who was found stays known for ten minutes."""

UNKNOWN_MS = 10_000
"""Whoever becomes an affiliate must not wait long to be known as one."""

MOST_KEPT = 10_000
"""People in memory; who was looked up longest ago is forgotten first."""

Ids = frozenset[str]


class AffiliateIds:
    """Finds the affiliate ids of people; safe to share between threads.

    A token's `app_metadata.affiliate_id` counts before the table. Without a table, an affiliate's id is the `sub`.
    """

    def __init__(self, table: AffiliateTable | None, clock: Clock = system_clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, Ids]] = OrderedDict()

    def of(self, identity: Identity) -> Ids:
        """Return the ids, none for somebody without a row; raise OutsideUnavailable when Supabase cannot tell."""
        if identity.affiliate_id is not None:
            return frozenset({identity.affiliate_id})
        if self._table is None:
            return frozenset({identity.subject})
        return self._looked_up(self._table, identity.subject)

    def _looked_up(self, table: AffiliateTable, user_id: str) -> Ids:
        with self._lock:
            until, ids = self._kept.get(user_id, (0, frozenset()))
        if self._clock() < until:
            return ids
        ids = table.ids_of(user_id)
        self._keep(user_id, ids)
        return ids

    def _keep(self, user_id: str, ids: Ids) -> None:
        with self._lock:
            self._kept[user_id] = self._clock() + (KNOWN_MS if ids else UNKNOWN_MS), ids
            self._kept.move_to_end(user_id)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
