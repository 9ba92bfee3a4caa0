"""The journal entry of an unfinished erasure, so that a run that was killed can be resumed with the same pseudonyms.

It is an item of `ops` until the erasure is finished. Only who knows the person's id or address can read it: its content
is masked with a key stream derived from that id or address and a random salt (PBKDF2, SHAKE-256).
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.errors import Unavailable
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.text import alike
from commercive_cli.services.privacy.identity import Identity, text_in
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, Delete, Exists, Put

PARTITION = "erasure"
_ROUNDS = 100_000
_PLACE = b"the place of an erasure"
"""The salt of the key of an entry, which is the same for everybody who erases one person."""

_HEX = re.compile("([0-9a-f]{2})+")


@dataclass(frozen=True)
class JournalEntry:
    """An unfinished erasure: the person, and the secret from which the pseudonyms are derived."""

    key: Key
    identity: Identity
    secret: bytes

    def deletion(self) -> Delete:
        """Return the write that ends the erasure; without the secret, nobody can connect pseudonyms with ids."""
        return Delete(OPS, self.key)


def unfinished_erasure(store: Store, term: str) -> JournalEntry | None:
    """Return the unfinished erasure of the person that `term` names, or None."""
    for item in _entries(store):
        unmasked = _unmasked(term, item)
        if unmasked is not None:
            content = json.loads(unmasked)
            key = OPS.key_of(item)
            return JournalEntry(key, Identity.from_document(content["identity"]), bytes.fromhex(content["secret"]))
    return None


def begin_erasure(store: Store, term: str, identity: Identity, at: int) -> JournalEntry:
    """Store the journal entry of a new erasure at `at` (ms), and return it, or that of whoever began it just now.

    Its key follows from the term, so that two who begin at once make the same pseudonyms.
    """
    key, secret = {"pk": PARTITION, "sk": _key(term, _PLACE).hex()}, secrets.token_bytes(32)
    content = json.dumps({"identity": identity.document(), "secret": secret.hex()}).encode()
    try:
        store.transact(Put(OPS, {**key, "created_at": at, **_masked(term, content)}, when=Absent()))
    except ConditionFailed:
        begun = unfinished_erasure(store, term)
        if begun is None:
            raise Unavailable("another erasure of this person ended just now; run the same command again") from None
        return begun
    return JournalEntry(key, identity, secret)


def extend_erasure(store: Store, entry: JournalEntry, term: str, identity: Identity, at: int) -> JournalEntry:
    """Let an unfinished erasure be of all that is known of the person now, so that it can be resumed with that."""
    grown = entry.identity.joined(identity)
    if grown == entry.identity:
        return entry
    content = json.dumps({"identity": grown.document(), "secret": entry.secret.hex()}).encode()
    try:
        store.transact(Put(OPS, {**entry.key, "created_at": at, **_masked(term, content)}, when=Exists()))
    except ConditionFailed:
        raise Unavailable("the erasure of this person ended just now; run the same command again") from None
    return JournalEntry(entry.key, grown, entry.secret)


def is_journal_entry(item: Item) -> bool:
    """Return whether an item of `ops` is a journal entry; an import may have put other items in its partition."""
    return item["pk"] == PARTITION and all(_HEX.fullmatch(text_in(item, name)) for name in ("salt", "masked", "check"))


def _entries(store: Store) -> Iterator[Item]:
    return filter(is_journal_entry, query_items(store, Query(OPS, PARTITION)))


def _masked(term: str, content: bytes) -> Item:
    salt = secrets.token_bytes(16)
    key = _key(term, salt)
    masked = _mask(key, content)
    return {"salt": salt.hex(), "masked": masked.hex(), "check": hmac.digest(key, masked, "sha256").hex()}


def _unmasked(term: str, item: Item) -> bytes | None:
    salt, masked = bytes.fromhex(item["salt"]), bytes.fromhex(item["masked"])
    key = _key(term, salt)
    is_authentic = hmac.compare_digest(hmac.digest(key, masked, "sha256").hex(), item["check"])
    return _mask(key, masked) if is_authentic else None


def _key(term: str, salt: bytes) -> bytes:
    name = alike(term) if "@" in term else usual_id(term)
    return hashlib.pbkdf2_hmac("sha256", name.encode(), salt, _ROUNDS)


def _mask(key: bytes, content: bytes) -> bytes:
    stream = hashlib.shake_256(key).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, stream, strict=True))
