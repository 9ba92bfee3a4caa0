"""The e-mail address of an affiliate, which stands in each of its links."""

from dataclasses import dataclass

from commercive_cli.domain.answers.affiliates import EmailSet
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import NotFound, Unavailable
from commercive_cli.domain.ids import NewId
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.idempotency import KeyedRequest, write_once, write_part
from commercive_cli.store.items import Item
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS
from commercive_cli.store.writes import All, Exists, Update, Write, unchanged

_IN_ONE = TRANSACTION_WRITES - 2
"""Links in one transaction, beside the audit row and the request key."""


@dataclass(frozen=True)
class ContactChanger:
    """Gives the links of an affiliate another e-mail address, each if it is as it was read.

    A `request` with a key is carried out once.
    """

    store: Store
    clock: Clock
    new_id: NewId
    request: KeyedRequest | None = None

    def set_email(self, affiliate_id: str, address: str, actor: str) -> EmailSet:
        """Set the address in every link that has another one; 98 links and an audit row are one transaction.

        The row tells the actor and the number of links, and no address. Raises NotFound without a link.
        """
        changed: list[str] = []
        with after_a_part(lambda: f"links with the new address: {len(changed)}" if changed else ""):
            return self._set_all(affiliate_id, address, actor, changed)

    def _set_all(self, affiliate_id: str, address: str, actor: str, changed: list[str]) -> EmailSet:
        """Set the address, and add the ids of the links to `changed` as they are."""
        for _ in range(TRIES):
            others = self._links_with_another(affiliate_id, address)
            part = others[:_IN_ONE]
            ids = [link["link_id"] for link in part]
            done = [*changed, *ids]
            answer = EmailSet(affiliate_id=affiliate_id, affiliate_email=address, changed=bool(done), link_ids=done)
            at = self.clock()
            writes = self._writes(affiliate_id, part, address, actor, at) if part else ()
            try:
                if part == others:
                    write_once(self.store, self.request, at, answer, *writes)
                    return answer
                write_part(self.store, self.request, *writes)
            except ConditionFailed:
                continue
            changed += ids
        raise Unavailable(f"links of {shortened(affiliate_id)} are changing too fast; try again")

    def _links_with_another(self, affiliate_id: str, address: str) -> list[Item]:
        links = list(query_items(self.store, Query(AFFILIATE_LINKS, affiliate_id)))
        if not links:
            raise NotFound(
                f"affiliate {shortened(affiliate_id)} has no link to hold an address; make one with "
                "`commercive affiliates create-link`"
            )
        return [link for link in links if link.get("affiliate_email") != address]

    def _writes(self, affiliate_id: str, links: list[Item], address: str, actor: str, at: int) -> list[Write]:
        told = AuditEntry("affiliate", affiliate_id, "set-email", actor, {}, {"links": str(len(links))})
        return [*(_update(link, address, at) for link in links), told.row(at, self.new_id)]


def _update(link: Item, address: str, at: int) -> Update:
    before = link.get("updated_at")
    return Update(
        AFFILIATE_LINKS,
        AFFILIATE_LINKS.key_of(link),
        set={"affiliate_email": address, "updated_at": max(at, before + 1) if type(before) is int else at},
        when=All(Exists(), unchanged(link, "affiliate_email")),
    )
