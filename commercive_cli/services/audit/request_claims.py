"""Invariant 5: a request claim stands for a message, lead, conversation or link that is there, or was archived."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.text import ID_LENGTH
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.records.audit_log import archive_of
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Delete, Equals


@dataclass
class RequestClaimCheck:
    """What a claim answers was stored; a claim of something lost would hide the request when it is sent again."""

    tables: ClassVar[tuple[Table, ...]] = (OPS,)

    _claims: list[Item] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Remember request claims."""
        claims = (item for item in items if item["pk"].startswith("request#"))
        self._claims += [{**OPS.key_of(c), "of": _subject(c["answer"]), "created_at": c["created_at"]} for c in claims]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield claims without what they answer, after dropping them."""
        for claim in self._claims:
            if _stored(repairs.store, claim["of"]) or _archived(repairs.store, claim["of"] or {}):
                continue
            dropped = Delete(OPS, OPS.key_of(claim), when=Equals("created_at", claim["created_at"]))
            problem = f"{claim['pk']} answers with what is not there"
            try:
                yield from repairs.apply([repairs.finding("request-claim", OPS, claim["sk"], problem)], dropped)
            except ConditionFailed:
                continue


def _subject(answer: Item) -> Item | None:
    """Return the ids of what an answer is about; None where it is about nothing that is stored for itself."""
    match answer:
        case {"lead_id": str()} | {"conversation_id": str()} | {"affiliate_id": str(), "link_id": str()}:
            names = ("lead_id", "conversation_id", "message_id", "affiliate_id", "link_id")
            return {name: answer[name] for name in names if name in answer}
        case {"lead": {"lead_id": str() as lead_id}}:
            return {"lead_id": lead_id}
        case {"affiliate_id": str(), "changed": bool()}:  # of stats, or of Supabase's table
            return None
    return {}


def _stored(store: Store, subject: Item | None) -> bool:
    if subject is None:
        return True
    if not all(type(each) is str and 0 < len(each) <= ID_LENGTH for each in subject.values()):
        return False
    match subject:
        case {"lead_id": lead_id}:
            return find_by_id(store, LEADS, lead_id) is not None
        case {"conversation_id": _, "message_id": _}:
            return store.get(MESSAGES, subject) is not None
        case {"conversation_id": conversation_id}:
            return find_by_id(store, CONVERSATIONS, conversation_id) is not None
        case {"affiliate_id": _, "link_id": _}:
            return store.get(AFFILIATE_LINKS, subject) is not None
    return False


def _archived(store: Store, subject: Item) -> bool:
    """Return whether an archive took the conversation of a subject: its claims hold until they end by themselves."""
    match subject:
        case {"conversation_id": str() as name} if 0 < len(name) <= ID_LENGTH:
            return find_by_id(store, CONVERSATIONS, name) is None and archive_of(store, name) is not None
    return False
