"""Backups of all six tables, and restores, which overwrite nothing: what they replace is kept."""

import time
from dataclasses import dataclass

from commercive_cli.domain.answers.tables import BackedUp, BackupList, BackupShown, Restored
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.store.archive import Backup
from commercive_cli.store.port import Store
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import OnStatus, ignore_status


@dataclass(frozen=True)
class BackupService:
    """Backs up a store, and restores it to a new prefix (DynamoDB) or a new file (SQLite)."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def back_up(self, name: str | None = None, on_status: OnStatus = ignore_status) -> BackedUp:
        """Make a backup, named after the time unless a name is given, and wait until it can be restored.

        On DynamoDB the tables are backed up one after the other, so they are not one snapshot.
        """
        if name is not None:
            _require("--name", name, "leave it out for a name made from the time")
        refuse_foreign(self.store)
        return BackedUp(backup=_shown(self.store.archive.back_up(name, self.clock(), on_status)))

    def list_backups(self) -> BackupList:
        """Return the store's backups, newest first."""
        return BackupList(backups=[_shown(backup) for backup in self.store.archive.backups()])

    def restore(
        self,
        name: str | None,
        to: str | None,
        actor: str,
        *,
        in_place: bool = False,
        at: int | None = None,
        latest: bool = False,
        fix: bool = False,
        on_status: OnStatus = ignore_status,
    ) -> Restored:
        """Fill the new store `to` from the backup `name`, as of the time `at` (ms), or of the `latest` time possible.

        With `in_place`, the backup takes the place of this store once it is whole, and the store is kept beside it.

        Settings that a restore drops (time to live, recovery, tags, deletion protection) are set again. Then the audit
        checks whether the tables agree with each other, and repairs them with `fix`. Raises Conflict when a table
        exists.
        """
        if (name is not None) + (at is not None) + latest != 1:
            raise Invalid("restore from exactly one of NAME (a backup), --at TIME and --latest")
        if in_place == (to is not None):
            raise Invalid("give exactly one of --to, a new place, and --in-place", field="to")
        if to is not None:
            _require("--to", to, "give the new prefix, or for SQLite the new file")
        if name is not None:
            _require("NAME", name, "`commercive tables backups` lists the backups")
        recovery = self.store.recovery if name is None else None
        if name is None and recovery is None:
            raise Invalid(
                "a SQLite file has no point-in-time recovery; name a backup in place of --at or --latest", field="at"
            )
        archive = self.store.archive
        if to is None:  # what is there now, whatever it is, stands in nobody's way
            place, replaced_at = archive.own_place, self.clock()
        else:
            refuse_foreign(self.store)
            place, replaced_at = to, None
        with archive.filling(place, replaced_at, on_status) as target:
            require_no_tables(target)
            if name is not None:
                archive.restore(name, place, on_status)
            elif recovery is not None:
                recovery.restore_to_time(at, place, on_status)
            applied = DriftService(target).apply(on_status)
            on_status("auditing the restored tables")
            audit = AuditService(target, self.clock, self.new_id, self.sleep).run(actor, fix=fix)
            return Restored(store=target.target, applied=applied, audit=audit)


def require_no_tables(store: Store) -> None:
    """Raise Conflict when one of the tables exists."""
    for table in TABLES:
        if store.describe_table(table) is not None:
            raise Conflict(f"{store.prefix}{table.name} exists in {store.target}; choose another --to or --store")


def _require(option: str, text: str, remedy: str) -> None:
    if not text.strip():
        raise Invalid(f"{option} must not be empty; {remedy}", field=option.strip("-").lower())


def _shown(backup: Backup) -> BackupShown:
    return BackupShown(**vars(backup))
