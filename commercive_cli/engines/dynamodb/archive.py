"""Backups and point-in-time recovery on DynamoDB, as the port asks for them."""

import re
from collections.abc import Callable

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.backups import Backups
from commercive_cli.engines.dynamodb.errors import supported
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.table_changes import OnStatus

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class DynamoDBArchive:
    """Backups and restores of the tables of one prefix; `open_prefix` gives the store of another."""

    def __init__(
        self,
        calls: RequestSender,
        timing: Timing,
        prefix: str,
        open_prefix: Callable[[str], Store],
    ) -> None:
        self._backups = Backups(calls, timing, prefix)
        self._open_prefix = open_prefix

    def back_up(self, name: str | None, now: int, progress: OnStatus) -> Backup:
        """Make an on-demand backup of every table under one name."""
        with supported("a backup"):
            return self._backups.back_up(name, now, progress)

    def backups(self) -> list[Backup]:
        """Return the on-demand backups of these tables, newest first, those of tables since deleted too."""
        with supported("a backup"):
            return self._backups.all()

    def beside(self, place: str) -> Store:
        """Return the store whose tables have the prefix `place`."""
        if not _PREFIX.fullmatch(place):
            raise Invalid("the prefix in --to must be 1 to 64 letters, digits and _ . -", field="to")
        return self._open_prefix(place)

    def restore(self, name: str, place: str, progress: OnStatus) -> None:
        """Create the tables of the prefix `place` from a backup."""
        with supported("a backup"):
            self._backups.restore(name, place, progress)

    def restore_moment(self, at: int | None, place: str, progress: OnStatus) -> None:
        """Create the tables of the prefix `place` as these were at a moment."""
        with supported("point-in-time recovery"):
            self._backups.restore_moment(at, place, progress)
