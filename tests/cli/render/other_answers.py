"""Answers of the commands that are not about single conversations, leads and affiliates, and rehearsals of writes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from commercive_cli.cli.commands_document import CommandShown, CommandsShown, ParameterShown
from commercive_cli.cli.render import (
    adoption_views,
    lead_report_view,
    person_views,
    report_view,
    retention_views,
    table_views,
    top_view,
    transcript_view,
    transfer_views,
)
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.draft_views import DraftShown, DraftsShown
from commercive_cli.cli.render.dry_run import dry_run_shown
from commercive_cli.cli.render.settings_views import ProfileShown, ProfilesShown, SettingShown, SettingsShown
from commercive_cli.cli.render.template_views import Templates, TemplatesChecked, TemplateShown, TemplateText
from commercive_cli.cli.render.views import TablesDescribed
from commercive_cli.cli.render.whoami_view import WhoAmI
from commercive_cli.domain.answers import transcripts
from commercive_cli.domain.answers.adoption import Adopted, AdoptedTable, AdoptionProblem, Balance
from commercive_cli.domain.answers.affiliates import (
    EmailSet,
    LinkCreated,
    LinkFound,
    Recomputation,
    Recomputed,
    TopAffiliates,
)
from commercive_cli.domain.answers.audit import Audit, Finding, Mended
from commercive_cli.domain.answers.base import Failed
from commercive_cli.domain.answers.bulk import Bulk, BulkResult
from commercive_cli.domain.answers.chat import (
    Claimed,
    ConversationChanged,
    MarkedRead,
    Noted,
    NothingWaits,
    Released,
    Sent,
    Snoozed,
    UserMessageSent,
)
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.answers.lead_report import Funnel, LeadReport
from commercive_cli.domain.answers.leads import LeadDecided, LeadSubmitted
from commercive_cli.domain.answers.privacy import Candidate, PersonErased, PersonExported, PersonFound
from commercive_cli.domain.answers.report import AgentFigures, Backlog, ChatReport, DayFigures, HourFigures
from commercive_cli.domain.answers.retention import Archived, ArchivePreview, LeftConversation, Retention
from commercive_cli.domain.answers.search import Hit, Hits
from commercive_cli.domain.answers.seed import Seeded
from commercive_cli.domain.answers.tables import (
    Applied,
    AppliedChange,
    BackedUp,
    BackupList,
    BackupShown,
    CostEstimate,
    Difference,
    Drift,
    HotKey,
    PollingCost,
    PollingCosts,
    Restored,
    Tables,
    TableSize,
    TableState,
)
from commercive_cli.domain.answers.transfer import Exported, Imported, ImportPreview
from commercive_cli.domain.figures import average, percent
from commercive_cli.services.adopt.mapping import DONE
from commercive_cli.store.dry_run import PlannedWrite
from tests.cli.render.answers import (
    CLOSED,
    DAY,
    FRAME,
    HOUR,
    LEADS,
    LINK,
    MAJA,
    MINUTE,
    NORDWIND,
    NOTHING,
    NOW,
    QUEUE,
    SIZE,
    SOREN,
    STATS,
    TEA,
    TINTA,
    change,
)

DECLARING = (
    adoption_views,
    lead_report_view,
    person_views,
    report_view,
    retention_views,
    table_views,
    top_view,
    transcript_view,
    transfer_views,
)
"""The modules that say how the answers below are shown."""

_STATES = [
    TableState(
        table=f"commercive_{name}", state=state, status="ACTIVE", items=items, bytes=420 * items, billing="embedded",
        keys=keys, indexes=indexes, ttl="expires_at" if name == "ops" else None,
        kept=("encryption: KMS arn:aws:kms:eu-west-1:1:key/1, declared AWS owned key",) if name == "leads" else (),
    )
    for name, state, items, keys, indexes in (
        ("conversations", "unchanged", 12_004, ("conversation_id", "created_at"), ("ConversationStatusIndex",)),
        ("messages", "created", 0, ("conversation_id", "message_id"), ("MessageTimestampIndex",)),
        ("leads", "different", 30, ("lead_id", "created_at"), ("AffiliateLeadsIndex", "LeadStatusIndex")),
        ("ops", "unchanged", 37, ("pk", "sk"), ()),
    )
]  # fmt: skip
_FINDINGS = [Finding(invariant="2", table="affiliate_stats", id="7K2M9QX1", problem="approved_leads is 41, not 40")]
_DIFFERENCES = [
    Difference(
        table="conversations", what="index ConversationWaitingIndex", declared="there", live="missing", fixable=True,
        remedy="apply adds it",
    ),
    Difference(
        table="leads", what="not our table", declared="lead_id", live="id", fixable=False,
        remedy="choose another prefix",
    ),
]  # fmt: skip
_BACKUP = BackupShown(
    name="before-import", created_at=NOW - 2 * DAY, tables=("conversations", "messages"), status="AVAILABLE",
    complete=True, bytes=1_204_000,
)  # fmt: skip
_APPLIED = Applied(
    changes=[
        AppliedChange(table="conversations", change="create index ConversationWaitingIndex", outcome="done"),
        AppliedChange(table="ops", change="set tags application=commercive", outcome="accepted"),
        AppliedChange(table="leads", change="turn on recovery", outcome="failed", error="no permission"),
    ],
    remaining=_DIFFERENCES[1:],
)
_TEMPLATES = [
    TemplateShown(template="shipped", variables=("order", "store_url"), unknown=("order",), text="{{order}} is sent."),
    TemplateShown(template="broken", problem="it is empty", text=""),
]
_COUNTS = {"conversations": 12, "messages": 60, "leads": 30}
_DUE: dict[str, Any] = {
    "closed_before": NOW - 365 * DAY,
    "conversations": 1_204,
    "oldest": NOW - 800 * DAY,
    "newest": NOW - 366 * DAY,
}
_ARCHIVED: dict[str, Any] = {"messages": 5_310, "notes": 31}
_LEFT = [
    LeftConversation(
        conversation_id=TEA, reason="closed_at is '2024-01-01', which is no time; set it with `tables mend`"
    ),
    LeftConversation(conversation_id=SOREN, reason="mira holds it"),
]


def _adopted(*, dry_run: bool) -> Adopted:
    """Return an adoption with something of everything."""
    kinds = {
        "tie": ("chat_messages", 2, ["CONV-7C1A: created_at of MSG-90B1 is 1763557023012"] * 2),
        "money": ("leads", 1, ["LEAD-55D0: 12.345 is 12.35"]),
        "quarantine": ("leads", 1, ["LEAD-91AA: it belongs to no affiliate: give it an affiliate_id"]),
    }
    return Adopted(
        source="eu-west-1 prefix commercive_",
        dry_run=dry_run,
        final=not dry_run,
        tables=[
            AdoptedTable(table="commercive_chat_messages", read=271, brought=12, unchanged=259),
            AdoptedTable(table="commercive_leads", read=68, brought=3, changed=1, unchanged=62, left=1, quarantined=1),
            AdoptedTable(table="commercive_affiliate_links", read=10, unchanged=9, changed=1, made=2),
        ],
        problems=[
            AdoptionProblem(kind=kind, table=f"commercive_{table}", count=count, done=DONE[kind], examples=examples)
            for kind, (table, count, examples) in kinds.items()
        ],
        skipped=["commercive_affiliate_orders"],
        in_quarantine=1,
        quarantine="aside.jsonl",
        reconciliation=[]
        if dry_run
        else [
            _balance("messages of open conversations", "185", "185"),
            _balance("approved leads", "27", "27", put_aside="-1", changed_here="1"),
            _balance("commission of approved leads (USD)", "1074.325", "1069.33", put_aside="-5", mended="0.005"),
        ],
    )


def _balance(figure: str, there: str, here: str, **differences: str) -> Balance:
    values = {name: Decimal(value) for name, value in {"there": there, "here": here, **differences}.items()}
    return Balance(figure=figure, expected=Decimal(here), balanced=True, **values)


def _setting(setting: str, value: str, source: str, problem: str | None = None) -> SettingShown:
    return SettingShown(setting=setting, value=value, source=source, problem=problem)


def _settings(*more: SettingShown) -> SettingsShown:
    first = _setting("profile", "prod", "COMMERCIVE_PROFILE")
    return SettingsShown(settings=[first, _setting("store", "dynamodb://eu-west-1", "config.toml:9"), *more])


def _funnel(submitted: int, approved: int, dollars: int, week: int = 0, affiliate_id: str | None = None) -> Funnel:
    pending, money = submitted // 4, Decimal(dollars)
    monday = date(2026, 8, 31) + timedelta(weeks=week)
    return Funnel(
        affiliate_id=affiliate_id,
        week=None if affiliate_id else f"{monday:%G-W%V}",
        monday=None if affiliate_id else str(monday),
        submitted=submitted,
        pending=pending,
        approved=approved,
        rejected=submitted - pending - approved,
        decided_percent=percent(submitted - pending, submitted),
        approved_percent=percent(approved, submitted - pending),
        commission=money,
        average_commission=average(money, approved),
        decision_p50_ms=7 * HOUR + 4 * MINUTE,
        decision_p90_ms=3 * DAY + 5 * HOUR,
    )


def _lead_report(weeks: int, **more: Any) -> LeadReport:
    by_week = [_funnel(each % 7, each % 3 * (each % 7 > 3), each % 3 * 1_180, each) for each in range(weeks)]
    total = _funnel(48, 20, 23_600).model_copy(update={"week": None, "monday": None, "undated": 2})
    whose = (NORDWIND, 30, 12), ("7K2M9QX1", 18, 8)
    affiliates = [_funnel(leads, approved, 1_180 * approved, 0, each) for each, leads, approved in whose]
    report = LeadReport(
        since=NOW - 88 * DAY, until=NOW, at=NOW, zone="Europe/Berlin", first_day="2026-08-31", last_day="2026-11-27",
        affiliate_id=None, damaged=0, total=total, weeks=by_week, affiliates=affiliates, affiliate_weeks=[],
        cut_weeks=[by_week[-1].week or ""],
    )  # fmt: skip
    return report.model_copy(update=more)


def _hit(conversation: str, shop: str, turn: int, text: str) -> Hit:
    return Hit(
        conversation_id=conversation, message_id=f"m-{turn}", created_at=NOW - DAY - turn * MINUTE, turn=turn, turns=11,
        sender_type="user" if turn % 2 else "admin", sender_id="jonas", store_url=f"{shop}.myshopify.com",
        user_id="u-1", message_text=text,
    )  # fmt: skip


def _many(*results: Any) -> Bulk:
    rows = [BulkResult(id=each, result=result) for each, result in zip((TEA, FRAME, SIZE), results, strict=False)]
    return Bulk(success=all(each.result.success for each in rows), results=rows)


def _closed(conversation: str) -> ConversationChanged:
    return ConversationChanged(conversation_id=conversation, status="closed", changed=True)


_REFUSED = Failed(error="mira holds it until 09:46; --steal answers all the same", code="conflict")
_CLAIMED = Claimed(conversation_id=TEA, holder="mira", until=NOW + 15 * MINUTE)
_RECOMPUTED = Recomputed(
    affiliate_id="7K2M9QX1",
    changed=True,
    before=TINTA.model_copy(update={"total_commission": Decimal("2900.50"), "approved_leads": 41}),
    after=TINTA,
)
_REPORT = ChatReport(
    since=NOW - 30 * DAY, until=NOW, at=NOW, zone="Europe/Berlin", business_hours=None, messages=612, conversations=188,
    automatic=173, damaged=1, put_off=3,
    agents=[
        AgentFigures(
            agent=name, answers=answers, first_answers=answers // 2, first_answer_p50_ms=52 * MINUTE,
            first_answer_p90_ms=5 * HOUR, resolved=answers // 3, resolved_p50_ms=9 * HOUR, resolved_p90_ms=17 * HOUR,
        )
        for name, answers in (("jonas", 241), ("mira", 198))
    ],
    total=AgentFigures(agent="all", answers=439, first_answers=2, first_answer_p50_ms=72 * MINUTE),
    backlog=[Backlog(age=age, waiting=waiting) for age, waiting in (("under 1h", 2), ("over 24h", 1))],
    days=[DayFigures(day=f"2026-11-{day:02}", messages=day % 7, answers=2) for day in range(1, 28)],
    hours=[HourFigures(hour=hour, messages=hour * 3 % 40, answers=2) for hour in range(24)],
)  # fmt: skip

OTHERS: dict[str, tuple[BaseModel, Asked]] = {
    name: (answer, NOTHING)
    for name, answer in {
        "chat-claim-many": _many(_CLAIMED, _REFUSED),
        "chat-close-many": _many(
            _closed(TEA), _closed(FRAME), Failed(error="there is no such thing", code="not_found")
        ),
        "chat-close-very-many": Bulk(
            success=False,
            results=[
                BulkResult(id=f"{number:08}-aaaa", result=_closed(TEA) if number else _REFUSED)
                for number in range(1_200)
            ],
        ),
        "chat-drafts": DraftsShown(
            drafts=[
                DraftShown(
                    conversation_id=TEA,
                    saved_at=NOW - HOUR,
                    actor="mira",
                    reason="the conversation is closed",
                    text="追跡番号は 4471 です。",
                    path="/home/mira/.local/state/commercive/drafts/x.txt",
                ),
                DraftShown(
                    conversation_id=FRAME,
                    saved_at=NOW - DAY,
                    actor="mira",
                    reason="interrupted",
                    text=None,
                    path="/home/mira/.local/state/commercive/drafts/y.txt",
                ),
            ]
        ),
        "chat-drafts-none": DraftsShown(drafts=[]),
        "chat-export": transcripts.Exported(file="case.md", format="md", conversations=3, messages=1_204),
        "chat-history": History(history=[change(HOUR, "mira", "close", {"status": "open"}, {"status": "closed"})]),
        "chat-history-none": History(history=[]),
        "chat-next-none": NothingWaits(),
        "chat-reopen": ConversationChanged(conversation_id=TEA, status="open", changed=True),
        "chat-report": _REPORT,
        "leads-report": _lead_report(13),
        "leads-report-affiliate": _lead_report(3, affiliate_id=NORDWIND, affiliates=[], damaged=1),
        "leads-report-many": _lead_report(
            120, affiliates=[_funnel(90 - each, 1, 10, 0, f"partner-{each}") for each in range(23)]
        ),
        "leads-report-none": _lead_report(1, total=Funnel(), affiliates=[]),
        "affiliates-top": TopAffiliates(
            by="commission", affiliates=[TINTA, STATS], of_affiliates=14, of_total=Decimal("3301.20")
        ),
        "affiliates-top-damaged": TopAffiliates(
            by="leads", affiliates=[TINTA, STATS], of_affiliates=2, of_total=75, damaged=1
        ),
        "affiliates-top-none": TopAffiliates(by="leads", affiliates=[], of_affiliates=0, of_total=0),
        "chat-search": Hits(
            hits=[
                _hit(FRAME, "bergrad", 9, "Hello, where is the customs form that you wanted to send with the frame?"),
                _hit(TEA, "kobe-tea", 2, "CUSTOMS again?! そんな"),
            ]
        ),
        "chat-search-none": Hits(hits=[]),
        "chat-send": UserMessageSent(conversation_id=TEA, message_id="m", created_at=NOW, is_new_conversation=True),
        "chat-templates-check": TemplatesChecked(templates=_TEMPLATES),
        "chat-templates-list": Templates(templates=_TEMPLATES),
        "chat-templates-list-none": Templates(templates=[]),
        "chat-templates-render": TemplateText(template="shipped", text="#1001 is sent."),
        "chat-templates-show": TemplateText(template="shipped", text="{{order}} is sent.\n\nThank you."),
        "leads-approve-many": _many(LeadDecided(lead=LEADS[1], changed=True), _REFUSED),
        "leads-reject": LeadDecided(lead=LEADS[3], changed=True),
        "affiliates-resolve-link": LinkFound(affiliate_link=LINK),
        "tables-apply": _APPLIED,
        "tables-apply-none": Applied(changes=[], remaining=[]),
        "tables-backup": BackedUp(backup=_BACKUP),
        "tables-backups": BackupList(
            backups=[_BACKUP, _BACKUP.model_copy(update={"name": "weekly", "complete": False})]
        ),
        "tables-backups-none": BackupList(backups=[]),
        "tables-create": Tables(
            tables=[
                each.model_copy(update={"accepted": ("turn on point-in-time recovery",) * (each.state == "created")})
                for each in _STATES
            ]
        ),
        "tables-create-dry-run": dry_run_shown(
            [
                PlannedWrite("create table", "commercive_leads", {}),
                PlannedWrite(
                    "put",
                    "commercive_ops",
                    {"pk": "a", "sk": "b"},
                    None,
                    {
                        "pk": "a",
                        "sk": "b",
                        "at": NOW,
                        "actor": "mira",
                        "before": {"status": "open"},
                        "until": NOW,
                    },
                ),
            ]
        ),
        "tables-archive": Archived(**_DUE, **_ARCHIVED, left=[], left_count=0, directory="archive-2026"),
        "tables-archive-dry-run": ArchivePreview(**_DUE, **_ARCHIVED, left=_LEFT, left_count=2),
        "tables-retention": Retention(
            **_DUE,
            left=_LEFT,
            left_count=2,
            policy="365d",
            command="commercive tables archive --older-than 365d DIR",
        ),
        "tables-retention-none": Retention(
            closed_before=0,
            conversations=0,
            oldest=None,
            newest=None,
            left=[],
            left_count=0,
            policy=None,
            command=None,
        ),
        "tables-delete": Tables(
            tables=[each.model_copy(update={"state": "deleted", "status": None}) for each in _STATES]
        ),
        "tables-describe": TablesDescribed(tables=_STATES),
        "tables-describe-sample": CostEstimate(
            tables=[
                TableSize(
                    table="leads",
                    items=30_000,
                    read=500,
                    bytes=10_680_000,
                    storage_usd=Decimal("0.0027"),
                    recovery_usd=Decimal("0.0021"),
                    load_usd=Decimal("0.0563"),
                    scan_usd=Decimal("0.0002"),
                )
            ],
            hot=[HotKey(table="messages", id=TEA, items=400, read=500)],
            monthly_usd=Decimal("0.01"),
            basis="prices of November 2024",
        ),
        "tables-describe-cost": PollingCosts(
            users=1000,
            every_seconds=10,
            thread_messages=10,
            thread_bytes=3_412,
            parts=[
                PollingCost(part=part, whole_usd=Decimal(whole), new_usd=Decimal(new), sampled_usd=Decimal(logged))
                for part, whole, new, logged in (
                    ("calls", "103.68", "51.84", "51.84"),
                    ("logs", "335.50", "167.75", "50.29"),
                    ("together", "439.18", "219.59", "102.13"),
                )
            ],
            basis="prices of 2024",
        ),
        "tables-diff": Drift(differences=_DIFFERENCES),
        "tables-diff-none": Drift(differences=[]),
        "tables-export": Exported(directory="books", items=_COUNTS),
        "tables-import": Imported(
            stored=_COUNTS, skipped=dict.fromkeys(_COUNTS, 2), audit=Audit(checked={}, findings=[])
        ),
        "tables-import-dry-run": ImportPreview(
            new=_COUNTS, equal=dict.fromkeys(_COUNTS, 1), different=dict.fromkeys(_COUNTS, 0), places=[]
        ),
        "tables-import-broken": Imported(
            stored=_COUNTS, skipped=dict.fromkeys(_COUNTS, 0), audit=Audit(checked={}, findings=_FINDINGS)
        ),
        "tables-adopt": _adopted(dry_run=False),
        "tables-adopt-dry-run": _adopted(dry_run=True),
        "tables-list": Tables(tables=_STATES),
        "tables-mend": Mended(table="leads", id=SOREN, mended=("status", "commission_amount"), changed=True),
        "tables-person": PersonFound(
            ids=["9d2f60c1"],
            addresses=["soren@example.com"],
            numbers=["+4915123456789"],
            confirmed=True,
            items={"conversations": 2, "messages": 14, "notes": 1, "leads they brought": 12, "links": 2, "stats": 1},
            mentions=3,
            candidates=[
                Candidate(id=SOREN, kind="lead", reason="lead_email: soren@example.com; lead_name: Søren Lindqvist"),
                Candidate(id="7K2M9QX1", kind="id", reason="affiliate_email of link WCPF0A04: soren@example.com"),
                Candidate(id="hi@ljus.test", kind="address", reason="affiliate_email of link XERT96AZ of theirs"),
            ],
        ),
        "tables-person-none": PersonFound(
            ids=["9d2f60c1"], addresses=[], numbers=[], confirmed=True, items={"conversations": 2}, mentions=0
        ),
        "tables-person-exported": PersonExported(items=_COUNTS),
        "tables-person-erased": PersonErased(pseudonyms=["erased-7K2M9QX1"], items=_COUNTS),
        "tables-restore": Restored(
            store="sqlite restored.db", applied=_APPLIED, audit=Audit(checked={"leads": 3}, findings=_FINDINGS)
        ),
        "tables-seed": Seeded(changed=True, conversations=1_200, messages=6_000, affiliates=6, leads=30),
        "config-check": _settings(_setting("ceiling", "much", "COMMERCIVE_APPROVAL_CEILING", "is no amount")),
        "config-profiles": ProfilesShown(
            profiles=[
                ProfileShown(
                    profile="prod",
                    default=True,
                    store="dynamodb://eu-west-1?prefix=commercive_v2_",
                    actor="mira",
                    read_only=False,
                    protected=True,
                    dashboard_url=None,
                    access_log=None,
                    credentials_wait="10",
                    credentials_wait_terminal=None,
                    ceiling="500",
                )
            ]
        ),
        "config-profiles-none": ProfilesShown(profiles=[]),
        "config-show": _settings(_setting("actor", "mira", "OS user"), _setting("read_only", "false", "built in")),
        "whoami": WhoAmI(
            actor="mira",
            profile="prod",
            read_only=False,
            protected=True,
            store="dynamodb eu-west-1 prefix commercive_v2_",
            local=False,
            clock=NOW,
            store_clock=NOW - 200,
            ahead_ms=200,
            refusal=None,
            sources={"actor": "OS user", "profile": "COMMERCIVE_PROFILE", "store": "config.toml:9"},
        ),
        "commands": CommandsShown(
            commands=[
                CommandShown(
                    command="chat reply",
                    help="Answer as an admin.",
                    parameters=[
                        ParameterShown(
                            name="--close",
                            kind="option",
                            type="flag",
                            required=False,
                            many=False,
                            choices=[],
                            default=None,
                            help="Close it afterwards.",
                        )
                    ],
                )
            ],
            global_options=[],
            exit_codes={0: "done"},
        ),
    }.items()
}

_WAITING = {**QUEUE[0].item()}
_SENT = {
    "message_id": "m", "conversation_id": TEA, "sender_type": "admin", "sender_id": "mira", "created_at": NOW,
    "message_text": "It arrives tomorrow.\n\nYours, Mira", "is_read": False,
}  # fmt: skip
_ANSWERED = {each: value for each, value in _WAITING.items() if not each.startswith("waiting")} | {"unread_user": 1}
_PENDING, _APPROVED = LEADS[0].item(), LEADS[0].item() | {"status": "approved", "commission_amount": Decimal("25.50")}
_ANY = PlannedWrite("update", "commercive_conversations", {"conversation_id": TEA})


def _would_be_approved() -> LeadDecided:
    lead = LEADS[0].model_copy(update={"status": "approved", "commission_amount": Decimal("25.50")})
    return LeadDecided(lead=lead, changed=True)


REHEARSALS: dict[str, tuple[BaseModel, list[PlannedWrite]]] = {
    "chat-reply-dry-run": (
        Sent(conversation_id=TEA, message_id="m", created_at=NOW),
        [
            PlannedWrite("put", "commercive_messages", {"message_id": "m"}, None, _SENT),
            PlannedWrite("update", "commercive_conversations", {"conversation_id": TEA}, _WAITING, _ANSWERED),
        ],
    ),
    "leads-approve-dry-run": (
        _would_be_approved(),
        [
            PlannedWrite("update", "commercive_leads", {"lead_id": SOREN}, _PENDING, _APPROVED),
            PlannedWrite(
                "update", "commercive_affiliate_stats", {"affiliate_id": NORDWIND}, STATS.item(),
                STATS.item() | {"total_commission": Decimal("438.18")},
            ),
        ],
    ),
    "leads-approve-many-dry-run": (_many(_would_be_approved(), LeadDecided(lead=LEADS[1], changed=False)), [_ANY]),
    "leads-submit-dry-run": (LeadSubmitted(lead_id=MAJA), [_ANY]),
    "chat-claim-dry-run": (_CLAIMED, [_ANY]),
    "chat-close-dry-run": (_closed(CLOSED.conversation_id), [_ANY]),
    "chat-close-many-dry-run": (_many(_closed(TEA), _closed(FRAME), _REFUSED), [_ANY]),
    "chat-mark-read-dry-run": (MarkedRead(conversation_id=TEA, marked=2), [_ANY]),
    "chat-note-dry-run": (Noted(conversation_id=TEA, note_id="n", created_at=NOW), [_ANY]),
    "chat-release-dry-run": (Released(conversation_id=TEA, changed=True), [_ANY]),
    "chat-snooze-dry-run": (Snoozed(conversation_id=TEA, until=NOW + 2 * DAY), [_ANY]),
    "affiliates-create-link-dry-run": (
        LinkCreated(affiliate_url=LINK.affiliate_url, link_id="W", affiliate_id=NORDWIND, created=True), [_ANY],
    ),
    "affiliates-set-email-dry-run": (
        EmailSet(affiliate_id=NORDWIND, affiliate_email="new@nordwind.example", changed=True, link_ids=["A"]), [_ANY],
    ),
    "affiliates-recompute-dry-run": (Recomputation(checked=3, changed=[_RECOMPUTED]), [_ANY]),
}  # fmt: skip
