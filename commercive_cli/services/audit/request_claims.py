"""Invariant 5: a request claim stands for a message or lead that is there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.text import ID_LENGTH
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.audit.check import Repairs
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Delete, Equals


@dataclass
class RequestClaimCheck:
    """What a claim answers was stored; a claim of something lost would hide the request when it is sent again."""

    tables: ClassVar[tuple[Table, ...]] = (OPS,)

    _claims: list[Item] = field(default_factory=list)

    def visit(self, _table: Table, items: list[Item]) -> None:
        """Remember request claims."""
        claims = (item for item in items if item["pk"].startswith("request#"))
        self._claims += [{**OPS.key_of(c), "answer": c["answer"], "created_at": c["created_at"]} for c in claims]

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield claims without what they answer, after dropping them."""
        for claim in self._claims:
            if _stored(repairs.store, claim["answer"]):
                continue
            dropped = Delete(OPS, OPS.key_of(claim), when=Equals("created_at", claim["created_at"]))
            problem = f"{claim['pk']} answers with what is not there"
            try:
                yield from repairs.apply([repairs.finding("request-claim", OPS, claim["sk"], problem)], dropped)
            except ConditionFailed:
                continue


def _stored(store: Store, answer: Item) -> bool:
    match answer:
        case {"lead_id": str() as lead_id}:
            return _is_id(lead_id) and find_by_id(store, LEADS, lead_id) is not None
        case {"conversation_id": str() as conversation_id, "message_id": str() as message_id, "created_at": int()}:
            key = {"conversation_id": conversation_id, "message_id": message_id}
            return all(map(_is_id, key.values())) and store.get(MESSAGES, key) is not None
    return False


def _is_id(text: str) -> bool:
    return 0 < len(text) <= ID_LENGTH
