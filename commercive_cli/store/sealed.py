"""An archive that may be looked at and nothing more, for stores that refuse or only rehearse writes."""

from dataclasses import dataclass
from typing import NoReturn

from commercive_cli.domain.errors import Denied
from commercive_cli.store.archive import Backup, Transferred
from commercive_cli.store.changes import Progress
from commercive_cli.store.port import Archive, Store


@dataclass(frozen=True)
class SealedArchive:
    """Lists backups; refuses everything else with Denied, whose message begins with `reason`."""

    archive: Archive
    reason: str

    def backups(self) -> list[Backup]:
        """Return the backups of the store."""
        return self.archive.backups()

    def back_up(self, _name: str | None, _now: int, _progress: Progress) -> Backup:
        """Refuse."""
        self._refuse()

    def beside(self, _place: str) -> Store:
        """Refuse."""
        self._refuse()

    def restore(self, _name: str, _place: str, _progress: Progress) -> None:
        """Refuse."""
        self._refuse()

    def restore_moment(self, _at: int | None, _place: str, _progress: Progress) -> None:
        """Refuse."""
        self._refuse()

    def export_to_s3(self, _bucket: str, _prefix: str, _progress: Progress) -> list[Transferred]:
        """Refuse."""
        self._refuse()

    def import_from_s3(self, _bucket: str, _prefix: str, _progress: Progress) -> list[Transferred]:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Denied(f"{self.reason}; nothing was written")
