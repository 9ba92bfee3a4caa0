"""Composition root: makes a store from settings, and services over a store. No other module imports engines.

A service's module is imported at its first use, so that a command imports only what it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from commercive_cli.domain.clock import Clock, Sleep, StoreTime, system_clock
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import NewCode, NewId, new_code, new_id
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import parse_store_url
from commercive_cli.store.port import CredentialWait, OnThrottled, Store, never_waiting
from commercive_cli.store.schema import DEFAULT_PREFIX

if TYPE_CHECKING:
    from commercive_cli.services.adopt.service import AdoptionService
    from commercive_cli.services.affiliates.recompute import RecomputeService
    from commercive_cli.services.affiliates.service import AffiliateService
    from commercive_cli.services.audit.mend import MendService
    from commercive_cli.services.audit.service import AuditService
    from commercive_cli.services.chat.desk import DeskService
    from commercive_cli.services.chat.desk_reading import DeskReader
    from commercive_cli.services.chat.feeds import FeedService
    from commercive_cli.services.chat.reading import ConversationReader
    from commercive_cli.services.chat.report import ReportService
    from commercive_cli.services.chat.search import SearchService
    from commercive_cli.services.chat.service import ChatService
    from commercive_cli.services.chat.transcripts import TranscriptService
    from commercive_cli.services.leads.flagging import FlagService
    from commercive_cli.services.leads.reading import LeadReader
    from commercive_cli.services.leads.report import LeadReportService
    from commercive_cli.services.leads.service import LeadService
    from commercive_cli.services.privacy.service import PrivacyService
    from commercive_cli.services.retention.service import ArchiveService
    from commercive_cli.services.seed.service import SeedService
    from commercive_cli.services.tables.backups import BackupService
    from commercive_cli.services.tables.cost_estimate import CostEstimateService
    from commercive_cli.services.tables.drift import DriftService
    from commercive_cli.services.tables.polling_costs import PollingCostService
    from commercive_cli.services.tables.s3 import S3Service
    from commercive_cli.services.tables.service import TableService
    from commercive_cli.services.transfer.exporter import ExportService
    from commercive_cli.services.transfer.importer import ImportService
    from commercive_cli.services.transfer.preview import ImportPreviewService
    from commercive_cli.store.legacy_source import LegacySource


@dataclass(frozen=True)
class Services:
    """All services over one store."""

    store: Store
    settings: Settings
    clock: Clock
    new_id: NewId
    new_code: NewCode
    sleep: Sleep

    @cached_property
    def chat_reader(self) -> "ConversationReader":
        """Support conversations, to be read."""
        from commercive_cli.services.chat.reading import ConversationReader

        return ConversationReader(self.store, self.clock)

    @cached_property
    def desk_reader(self) -> "DeskReader":
        """Who works on which conversation, to be read."""
        from commercive_cli.services.chat.desk_reading import DeskReader

        return DeskReader(self.chat_reader)

    @cached_property
    def chat(self) -> "ChatService":
        """Support conversations."""
        from commercive_cli.services.chat.service import ChatService

        return ChatService(self.store, self.clock, self.new_id)

    @cached_property
    def desk(self) -> "DeskService":
        """Who works on which conversation."""
        from commercive_cli.services.chat.desk import DeskService

        return DeskService(self.chat)

    @cached_property
    def feeds(self) -> "FeedService":
        """What happens in conversations, as it happens."""
        from commercive_cli.services.chat.feeds import FeedService

        return FeedService(self.store, self.clock)

    @cached_property
    def chat_report(self) -> "ReportService":
        """The report on support."""
        from commercive_cli.services.chat.report import ReportService
        from commercive_cli.settings.business_hours import configured_hours

        return ReportService(self.store, self.clock, configured_hours(self.settings.business_hours))

    @cached_property
    def search(self) -> "SearchService":
        """Searches of messages."""
        from commercive_cli.services.chat.search import SearchService

        return SearchService(self.store, self.clock)

    @cached_property
    def transcripts(self) -> "TranscriptService":
        """Transcripts of conversations."""
        from commercive_cli.services.chat.transcripts import TranscriptService

        return TranscriptService(self.store)

    @cached_property
    def lead_reader(self) -> "LeadReader":
        """Leads, to be read."""
        from commercive_cli.services.leads.reading import LeadReader

        return LeadReader(self.store)

    @cached_property
    def leads(self) -> "LeadService":
        """Leads and the decisions about them."""
        from commercive_cli.services.leads.service import LeadService

        return LeadService(self.store, self.clock, self.new_id, self.settings.bounds)

    @cached_property
    def lead_report(self) -> "LeadReportService":
        """The report on leads."""
        from commercive_cli.services.leads.report import LeadReportService
        from commercive_cli.settings.business_hours import configured_hours

        hours = configured_hours(self.settings.business_hours)
        return LeadReportService(self.store, self.clock, hours.zone if hours else None)

    @cached_property
    def lead_flags(self) -> "FlagService":
        """Flags of leads."""
        from commercive_cli.services.leads.flagging import FlagService

        return FlagService(self.store, self.lead_reader)

    @cached_property
    def affiliates(self) -> "AffiliateService":
        """Affiliates and their links."""
        from commercive_cli.services.affiliates.service import AffiliateService

        return AffiliateService(self.store, self.clock, self.new_code, self.settings.dashboard_url, self.new_id)

    @cached_property
    def recompute(self) -> "RecomputeService":
        """Recounting of affiliates' stats."""
        from commercive_cli.services.affiliates.recompute import RecomputeService

        return RecomputeService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def tables(self) -> "TableService":
        """Creation, description and deletion of tables."""
        from commercive_cli.services.tables.service import TableService

        return TableService(self.store)

    @cached_property
    def drift(self) -> "DriftService":
        """Comparison of the tables with their declaration."""
        from commercive_cli.services.tables.drift import DriftService

        return DriftService(self.store)

    @cached_property
    def backups(self) -> "BackupService":
        """Backups and restores."""
        from commercive_cli.services.tables.backups import BackupService

        return BackupService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def s3(self) -> "S3Service":
        """DynamoDB's own exports and imports."""
        from commercive_cli.services.tables.s3 import S3Service

        return S3Service(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def audit(self) -> "AuditService":
        """Checks of every invariant."""
        from commercive_cli.services.audit.service import AuditService

        return AuditService(self.store, self.clock, self.new_id, self.sleep)

    @cached_property
    def mending(self) -> "MendService":
        """Single items set right by hand."""
        from commercive_cli.services.audit.mend import MendService

        return MendService(self.store, self.clock, self.new_id, self.sleep, self.settings.bounds)

    @cached_property
    def seed(self) -> "SeedService":
        """Generated data."""
        from commercive_cli.services.seed.service import SeedService

        return SeedService(self.store, self.clock, self.settings.dashboard_url)

    @cached_property
    def exports(self) -> "ExportService":
        """Exports of all tables to files."""
        from commercive_cli.services.transfer.exporter import ExportService

        return ExportService(self.store, self.clock)

    @cached_property
    def imports(self) -> "ImportService":
        """Imports of all tables from files."""
        from commercive_cli.services.transfer.importer import ImportService

        return ImportService(self.store, self.audit)

    @cached_property
    def import_previews(self) -> "ImportPreviewService":
        """Previews of imports."""
        from commercive_cli.services.transfer.preview import ImportPreviewService

        return ImportPreviewService(self.store)

    @cached_property
    def adoption(self) -> "AdoptionService":
        """Adoption of what the backend before this one holds."""
        from commercive_cli.services.adopt.service import AdoptionService

        return AdoptionService(self.store, self.clock, self.settings.dashboard_url, sleep=self.sleep)

    @cached_property
    def archives(self) -> "ArchiveService":
        """Archives of conversations that were closed long ago."""
        from commercive_cli.services.retention.service import ArchiveService

        url = self.settings.store
        return ArchiveService(self.store, self.clock, self.new_id, url.path if url.engine == "sqlite" else None)

    @cached_property
    def cost_estimate(self) -> "CostEstimateService":
        """Estimates of sizes, hot keys and costs."""
        from commercive_cli.services.tables.cost_estimate import CostEstimateService

        return CostEstimateService(self.store)

    @cached_property
    def polling_costs(self) -> "PollingCostService":
        """Estimates of what polling dashboards cost."""
        from commercive_cli.services.tables.polling_costs import PollingCostService

        return PollingCostService(self.store)

    @cached_property
    def privacy(self) -> "PrivacyService":
        """Exports and erasures of one person's data."""
        from commercive_cli.services.privacy.service import PrivacyService

        return PrivacyService(self.store, self.clock, self.new_id)


def open_store(
    settings: Settings,
    time: StoreTime,
    on_throttled: OnThrottled = never_waiting,
    wait: CredentialWait | None = None,
    *,
    write_units: float | None = None,
) -> Store:
    """Return the store that the settings name; only its engine is imported.

    `time` is told what the store tells of its own, `on_throttled` of throttling. `wait` is for somebody at a terminal;
    by default nobody sits there. `write_units` is how many write capacity units a second DynamoDB's tables may be asked
    for. Raises Invalid where there are none.
    """
    url = settings.store
    if url.engine == "sqlite":
        if write_units is not None:
            raise Invalid("write units are those of DynamoDB's tables; this store is a file", field="write-units")
        from commercive_cli.engines.sqlite.store import SQLiteStore

        return SQLiteStore(url.path, prefix=url.prefix, clock=time)
    from commercive_cli.engines.dynamodb.store import DynamoDBStore

    return DynamoDBStore(
        url.region,
        prefix=url.prefix,
        endpoint=url.endpoint,
        metadata=url.metadata,
        on_throttled=on_throttled,
        write_units=write_units,
        wait=wait or CredentialWait(settings.credentials_wait),
        clock=time,
    )


def open_legacy_source(
    source: str,
    read_units: float | None = None,
    *,
    consistent: bool = False,
    on_throttled: OnThrottled = never_waiting,
    wait: CredentialWait | None = None,
) -> "LegacySource":
    """Return the tables of the backend before this one, to be read only: live ones by their store URL, or exports.

    `read_units` is how many read capacity units a second live tables may be asked for.
    """
    if "://" not in source:
        from commercive_cli.services.adopt.source import ExportSource

        if read_units is not None:
            raise Invalid("read units are those of live tables; an export has none", field="read-units")
        return ExportSource(Path(source))
    url = parse_store_url(source, "SOURCE", Path(), dynamodb_prefix=DEFAULT_PREFIX)
    if url.engine != "dynamodb":
        raise Invalid("SOURCE must be dynamodb://REGION?prefix=commercive_ or a directory with exports", field="SOURCE")
    from commercive_cli.engines.dynamodb.live_source import LiveSource

    return LiveSource(
        url.region,
        prefix=url.prefix,
        endpoint=url.endpoint,
        metadata=url.metadata,
        read_units=read_units,
        consistent=consistent,
        on_throttled=on_throttled,
        wait=wait,
    )


def bootstrap(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock = system_clock,
    new_id: NewId = new_id,
    new_code: NewCode = new_code,
    sleep: Sleep = sleep,
    on_wrong_clock: Callable[[str], object] = lambda _: None,
) -> Services:
    """Return the services over `store`, or over the store that the settings name, with a clock set right by it.

    In that case the store may raise ClockCorrected and BeginAnew, which calls `with_right_time` answer.
    """
    if store is None:
        clock = StoreTime(clock, on_wrong_clock, anew=True)
        store = open_store(settings, clock)
    return Services(store, settings, clock, new_id, new_code, sleep)
