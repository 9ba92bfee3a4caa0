"""A store and an archive that can be read; every write is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from commercive_cli.domain.errors import Denied
from commercive_cli.store.archive import Backup
from commercive_cli.store.items import Item
from commercive_cli.store.port import Archive, Store
from commercive_cli.store.read_through import ReadThrough
from commercive_cli.store.schema import Table
from commercive_cli.store.table_changes import OnStatus, TableChange, ignore_status
from commercive_cli.store.writes import Write


@dataclass(frozen=True)
class ReadOnlyArchive:
    """Lists backups; refuses everything else with Denied, whose message begins with `reason`."""

    archive: Archive
    reason: str

    def backups(self) -> list[Backup]:
        """Return the backups of the store."""
        return self.archive.backups()

    def back_up(self, _name: str | None, _now: int, _progress: OnStatus) -> Backup:
        """Refuse."""
        self._refuse()

    def beside(self, _place: str) -> Store:
        """Refuse."""
        self._refuse()

    def restore(self, _name: str, _place: str, _progress: OnStatus) -> None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied(f"{self.reason}; nothing was written")


class ReadOnly(ReadThrough):
    """Refuses every write with Denied; `reason` begins the message, such as "profile prod is read-only"."""

    def __init__(self, store: Store, reason: str) -> None:
        super().__init__(store)
        self._reason = reason

    def transact(self, *_writes: Write) -> None:
        """Refuse."""
        self._refuse()

    def batch_put(self, _table: Table, _items: Iterable[Item]) -> int:
        """Refuse."""
        self._refuse()

    def create_table(self, _table: Table) -> None:
        """Refuse."""
        self._refuse()

    def change_table(self, _table: Table, _change: TableChange, _progress: OnStatus = ignore_status) -> None:
        """Refuse."""
        self._refuse()

    def delete_table(self, _table: Table) -> None:
        """Refuse."""
        self._refuse()

    @property
    def archive(self) -> Archive:
        """The archive to look at."""
        return ReadOnlyArchive(self._store.archive, self._reason)

    @property
    def recovery(self) -> NoReturn:
        """Refuse: restoring creates tables."""
        self._refuse()

    @property
    def s3(self) -> NoReturn:
        """Refuse: exports write to S3, and imports create tables."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied(f"{self._reason}; nothing was written")
