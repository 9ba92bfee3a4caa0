"""A store and its backups for reading only: every write is refused."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
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
    """Lists backups, and raises Denied for everything else; its message begins with `reason`."""

    archive: Archive
    reason: str

    def backups(self) -> list[Backup]:
        """Return the backups of the store."""
        return self.archive.backups()

    def retained(self) -> list[str]:
        """Return what holds earlier states of the store."""
        return self.archive.retained()

    def back_up(self, _name: str | None, _now: int, _on_status: OnStatus) -> Backup:
        """Raise Denied."""
        self._refuse()

    @property
    def own_place(self) -> str:
        """Raise Denied."""
        self._refuse()

    def filling(
        self, _destination: str, _replaced_at: int | None, _on_status: OnStatus
    ) -> AbstractContextManager[Store]:
        """Raise Denied."""
        self._refuse()

    def restore(self, _name: str, _destination: str, _on_status: OnStatus) -> None:
        """Raise Denied."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied(f"{self.reason}; nothing was written")


class ReadOnly(ReadThrough):
    """Raises Denied for every write; its message begins with `reason`, such as "profile prod is read-only"."""

    def __init__(self, store: Store, reason: str) -> None:
        super().__init__(store)
        self._reason = reason

    def transact(self, *_writes: Write) -> None:
        """Raise Denied."""
        self._refuse()

    def batch_put(self, _table: Table, _items: Iterable[Item]) -> int:
        """Raise Denied."""
        self._refuse()

    def create_table(self, _table: Table) -> None:
        """Raise Denied."""
        self._refuse()

    def change_table(self, _table: Table, _change: TableChange, _on_status: OnStatus = ignore_status) -> None:
        """Raise Denied."""
        self._refuse()

    def delete_table(self, _table: Table) -> None:
        """Raise Denied."""
        self._refuse()

    @property
    def archive(self) -> Archive:
        """The other store's backups, which can only be listed."""
        return ReadOnlyArchive(self._store.archive, self._reason)

    @property
    def recovery(self) -> NoReturn:
        """Raise Denied: restoring creates tables."""
        self._refuse()

    @property
    def s3(self) -> NoReturn:
        """Raise Denied: exports write to S3, and imports create tables."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied(f"{self._reason}; nothing was written")
