"""The note of an erasure that is under way, so that a run that died goes on with the same pseudonyms.

It lies in `ops` until the erasure is finished, and says nothing to anybody who does not know whom it is about: its
content is masked with a stream that follows from that very id or address (PBKDF2, SHAKE-256), under a salt of its own.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.services.privacy.identity import Identity, text_in
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Delete, Put

PARTITION = "erasure"
_ROUNDS = 100_000
_HEX = re.compile("([0-9a-f]{2})+")


@dataclass(frozen=True)
class JournalEntry:
    """An erasure that has begun: who it is about, and the secret of its pseudonyms."""

    key: Key
    identity: Identity
    secret: bytes

    def dropped(self) -> Delete:
        """Return the write that ends the erasure; then nobody can connect pseudonyms and ids any more."""
        return Delete(OPS, self.key)


def unfinished_erasure(store: Store, term: str) -> JournalEntry | None:
    """Return the unfinished erasure of the person that `term` names, or None."""
    for item in _entries(store):
        plain = _unmasked(term, item)
        if plain is not None:
            content = json.loads(plain)
            key = OPS.key_of(item)
            return JournalEntry(key, Identity.from_document(content["identity"]), bytes.fromhex(content["secret"]))
    return None


def begin_erasure(store: Store, term: str, identity: Identity, at: int) -> JournalEntry:
    """Store the note of a new erasure at `at` (ms), and return it."""
    key, secret = {"pk": PARTITION, "sk": secrets.token_hex(8)}, secrets.token_bytes(32)
    content = json.dumps({"identity": identity.document(), "secret": secret.hex()}).encode()
    store.transact(Put(OPS, {**key, "created_at": at, **_masked(term, content)}))
    return JournalEntry(key, identity, secret)


def is_journal_entry(item: Item) -> bool:
    """Return whether an item of `ops` is the note of an erasure; others may have come with an import."""
    return item["pk"] == PARTITION and all(_HEX.fullmatch(text_in(item, name)) for name in ("salt", "masked", "check"))


def _entries(store: Store) -> Iterator[Item]:
    return filter(is_journal_entry, query_items(store, Query(OPS, PARTITION)))


def _masked(term: str, plain: bytes) -> Item:
    salt = secrets.token_bytes(16)
    key = _key(term, salt)
    masked = _mask(key, plain)
    return {"salt": salt.hex(), "masked": masked.hex(), "check": hmac.digest(key, masked, "sha256").hex()}


def _unmasked(term: str, item: Item) -> bytes | None:
    salt, masked = bytes.fromhex(item["salt"]), bytes.fromhex(item["masked"])
    key = _key(term, salt)
    fits = hmac.compare_digest(hmac.digest(key, masked, "sha256").hex(), item["check"])
    return _mask(key, masked) if fits else None


def _key(term: str, salt: bytes) -> bytes:
    name = term.casefold() if "@" in term else term
    return hashlib.pbkdf2_hmac("sha256", name.encode(), salt, _ROUNDS)


def _mask(key: bytes, content: bytes) -> bytes:
    stream = hashlib.shake_256(key).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, stream, strict=True))
