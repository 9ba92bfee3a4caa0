"""Composition root: settings become a store, a store becomes services. The only importer of engines.

A service is loaded when it is first asked for, so that a command pays for its own alone.
"""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.ids import NewCode, NewId, new_code, new_id
from commercive_cli.settings.resolve import Settings
from commercive_cli.store.port import Store

if TYPE_CHECKING:
    from commercive_cli.services.affiliates import AffiliateService
    from commercive_cli.services.audit.service import AuditService
    from commercive_cli.services.chat import ChatService
    from commercive_cli.services.estate.backups import BackupService
    from commercive_cli.services.estate.s3 import S3Service
    from commercive_cli.services.estate.service import EstateService
    from commercive_cli.services.leads import LeadService
    from commercive_cli.services.person.service import PersonService
    from commercive_cli.services.recompute import RecomputeService
    from commercive_cli.services.seed.service import SeedService
    from commercive_cli.services.sizing import SizingService
    from commercive_cli.services.tables import TableService
    from commercive_cli.services.transfer.export import ExportService
    from commercive_cli.services.transfer.forecast import ForecastService
    from commercive_cli.services.transfer.load import ImportService


@dataclass(frozen=True)
class Services:
    """Everything the business does, over one store."""

    store: Store
    settings: Settings
    clock: Clock
    new_id: NewId
    new_code: NewCode
    sleep: Sleep

    @cached_property
    def chat(self) -> "ChatService":
        """Support conversations."""
        from commercive_cli.services.chat import ChatService

        return ChatService(self.store, self.clock, self.new_id)

    @cached_property
    def leads(self) -> "LeadService":
        """Leads and decisions."""
        from commercive_cli.services.leads import LeadService

        return LeadService(self.store, self.clock, self.new_id)

    @cached_property
    def affiliates(self) -> "AffiliateService":
        """Affiliates and their links."""
        from commercive_cli.services.affiliates import AffiliateService

        return AffiliateService(self.store, self.clock, self.new_code, self.settings.dashboard_url)

    @cached_property
    def recompute(self) -> "RecomputeService":
        """Stats counted again."""
        from commercive_cli.services.recompute import RecomputeService

        return RecomputeService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def tables(self) -> "TableService":
        """The tables themselves."""
        from commercive_cli.services.tables import TableService

        return TableService(self.store)

    @cached_property
    def estate(self) -> "EstateService":
        """The tables compared with what is declared."""
        from commercive_cli.services.estate.service import EstateService

        return EstateService(self.store)

    @cached_property
    def backups(self) -> "BackupService":
        """Backups and restores."""
        from commercive_cli.services.estate.backups import BackupService

        return BackupService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def s3(self) -> "S3Service":
        """DynamoDB's own exports and imports."""
        from commercive_cli.services.estate.s3 import S3Service

        return S3Service(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def audit(self) -> "AuditService":
        """Every invariant checked."""
        from commercive_cli.services.audit.service import AuditService

        return AuditService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def seed(self) -> "SeedService":
        """Made-up data."""
        from commercive_cli.services.seed.service import SeedService

        return SeedService(self.store, self.clock, self.settings.dashboard_url)

    @cached_property
    def exports(self) -> "ExportService":
        """All tables into files."""
        from commercive_cli.services.transfer.export import ExportService

        return ExportService(self.store, self.clock)

    @cached_property
    def imports(self) -> "ImportService":
        """Files into all tables."""
        from commercive_cli.services.transfer.load import ImportService

        return ImportService(self.store, self.audit)

    @cached_property
    def forecasts(self) -> "ForecastService":
        """What imports would do."""
        from commercive_cli.services.transfer.forecast import ForecastService

        return ForecastService(self.store)

    @cached_property
    def sizing(self) -> "SizingService":
        """Sizes, hot keys and costs."""
        from commercive_cli.services.sizing import SizingService

        return SizingService(self.store)

    @cached_property
    def person(self) -> "PersonService":
        """What persons may ask for."""
        from commercive_cli.services.person.service import PersonService

        return PersonService(self.store, self.clock, self.new_id)


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name. Only that store's engine is loaded."""
    url = settings.store
    if url.engine == "sqlite":
        from commercive_cli.engines.sqlite import SQLiteStore

        return SQLiteStore(url.path, prefix=url.prefix)
    from commercive_cli.engines.dynamodb import DynamoDBStore

    return DynamoDBStore(url.region, prefix=url.prefix, endpoint=url.endpoint, metadata=url.metadata)


def bootstrap(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock = system_clock,
    new_id: NewId = new_id,
    new_code: NewCode = new_code,
    sleep: Sleep = time.sleep,
) -> Services:
    """Return the services over `store`, or over the store that the settings name."""
    return Services(store or open_store(settings), settings, clock, new_id, new_code, sleep)
