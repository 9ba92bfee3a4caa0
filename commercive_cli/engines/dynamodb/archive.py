"""The Archive and PointInTimeRecovery protocols on DynamoDB."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.dynamodb.backups import Backups
from commercive_cli.engines.dynamodb.errors import supported
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.visibility import TableSender
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.table_changes import OnStatus

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class DynamoDBArchive:
    """Backups and restores of the tables of one prefix; `open_prefix` returns the store of another prefix."""

    def __init__(
        self,
        send: TableSender,
        timing: Timing,
        prefix: str,
        open_prefix: Callable[[str], Store],
    ) -> None:
        self._backups = Backups(send, timing, prefix)
        self._open_prefix = open_prefix

    def back_up(self, name: str | None, now: int, on_status: OnStatus) -> Backup:
        """Make an on-demand backup of every table under one name."""
        with supported("a backup"):
            return self._backups.back_up(name, now, on_status)

    def backups(self) -> list[Backup]:
        """Return the on-demand backups of these tables, newest first, also those of tables that are deleted now."""
        with supported("a backup"):
            return self._backups.all()

    def retained(self) -> list[str]:
        """Return the backups, also those that DynamoDB makes of a table that is deleted, and point-in-time recovery."""
        try:
            with supported("a backup"):
                return self._backups.retained()
        except Invalid:
            return []

    def store_at(self, destination: str) -> Store:
        """Return the store whose tables have the prefix `destination`; raise Invalid when it cannot be a prefix."""
        if not _PREFIX.fullmatch(destination):
            raise Invalid("the prefix in --to must be 1 to 64 letters, digits and _ . -", field="to")
        return self._open_prefix(destination)

    @property
    def own_place(self) -> str:
        """Raise Invalid: the tables of a prefix cannot be replaced at once."""
        raise Invalid("tables on DynamoDB cannot be restored in place; give a new prefix with --to", field="in-place")

    @contextmanager
    def filling(self, destination: str, _replaced_at: int | None, _on_status: OnStatus) -> Iterator[Store]:
        """Lend the store whose tables have the prefix `destination`."""
        with closing(self.store_at(destination)) as store:
            yield store

    def restore(self, name: str, destination: str, on_status: OnStatus) -> None:
        """Create the tables of the prefix `destination` from a backup."""
        with supported("a backup"):
            self._backups.restore(name, destination, on_status)

    def restore_to_time(self, at: int | None, destination: str, on_status: OnStatus) -> None:
        """Create the tables of the prefix `destination` as these tables were at `at` (ms)."""
        with supported("point-in-time recovery"):
            self._backups.restore_to_time(at, destination, on_status)
