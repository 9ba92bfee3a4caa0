"""The keys that verify access tokens: shared secrets, and the issuer's published key set (RFC 7517).

PyJWT reads each key (`PyJWK`). Its `PyJWKClient` does not keep the set for us: it fetches while it holds the lock that
every caller needs, pauses after successes alone, forgets old keys though the issuer is away, and takes keys whose
`key_ops` are for something else.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from commercive_cli.api.http.errors import NoKeys
from commercive_cli.api.http.outbound import RequestFailed, SendRequest, send_request
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.settings.tokens import TokenSettings

RETRY_MS = 2_000
"""The pause after a failed fetch while there are no keys; it is short, since nobody can sign in without keys."""

REFETCH_MS = 30_000
"""The shortest time between two fetches for unknown key ids, so that forged ids cannot cause a fetch each.

It is the time between two tries with an issuer who is away, too.
"""

MAX_AGE_MS = 600_000
"""The age at which keys are fetched again, so that a withdrawn key is not accepted for longer.

Supabase's edge keeps the set for ten minutes; with ours a withdrawn key is gone after the 20 that its guide to signing
keys names ("Public key discovery and caching"), as it is with Supabase's own client libraries.
"""

LONGEST_USE_MS = 86_400_000
"""The age up to which keys are accepted while the issuer cannot be reached: a day."""

RSA_BITS = 2048
SECRET_ALGORITHM = "HS256"  # noqa: S105 - the name of an algorithm
_ALGORITHMS = {"EC P-256": "ES256", "RSA ": "RS256"}
Fetch = Callable[[str], bytes]
"""Returns the document at a URL; raises RequestFailed."""


@dataclass(frozen=True, eq=False)
class VerificationKey:
    """A key with the only algorithm it is used for, so that no key serves both HMAC and signatures.

    Two that were read apart count as two, so nothing that one has verified counts for another.
    """

    algorithm: str
    material: Any


class Keys(Protocol):
    """A source of verification keys."""

    def find(self, algorithm: str | None, key_id: str | None) -> tuple[VerificationKey, ...]:
        """Return the keys for a token's `alg` and `kid`, any of which counts; raise NoKeys while none can be had."""
        ...


@dataclass(frozen=True)
class FetchedKeys:
    """The keys of a set by their ids, and when they were asked for."""

    by_id: Mapping[str, VerificationKey]
    at: int


class KeySet:
    """The issuer's public keys, ES256 and RS256, fetched at first use and kept; can be used by several threads at once.

    Fetched keys remain valid for a day while the issuer cannot be reached. Nobody waits while somebody else fetches,
    unless there are no keys: a forged key id slows at most the request that brings it, every 30 seconds.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Clock = system_clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._fetching = threading.Lock()
        self._fetched: FetchedKeys | None = None
        self._tried_at: int | None = None

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key with this id, or None; an unknown id causes a fetch, at most one every 30 seconds."""
        if key_id is None:
            return None
        if self._is_due(key_id) and self._fetching.acquire(blocking=self._usable() is None):
            try:
                if self._is_due(key_id):  # nobody else has fetched meanwhile
                    self._refresh()
            finally:
                self._fetching.release()
        keys = self._usable()
        if keys is None:
            raise NoKeys("the keys of the identity provider cannot be fetched now; nothing was done, try again")
        return keys.get(key_id)

    def _usable(self) -> Mapping[str, VerificationKey] | None:
        """Return the keys, or None while there are none that may still be used."""
        fetched = self._fetched
        return fetched.by_id if fetched and self._clock() - fetched.at < LONGEST_USE_MS else None

    def _is_due(self, key_id: str) -> bool:
        if self._tried_at is None:
            return True
        keys = self._usable()
        if keys is not None and key_id in keys and self._is_fresh():
            return False
        return self._clock() - self._tried_at >= (RETRY_MS if keys is None else REFETCH_MS)

    def _is_fresh(self) -> bool:
        return self._fetched is not None and self._clock() - self._fetched.at < MAX_AGE_MS

    def _refresh(self) -> None:
        began = self._clock()  # keys are as old as the question, however long the answer takes
        try:
            self._fetched = FetchedKeys(dict(_read_keys(json.loads(self._fetch(self._url)))), began)
        except (RequestFailed, ValueError, RecursionError):
            return
        finally:
            self._tried_at = self._clock()  # after the fetch, so that threads that waited for it do not fetch again


@dataclass(frozen=True)
class IssuerKeys:
    """The issuer's secrets and its key set, either of which may be missing.

    A token's `alg` chooses between them, so that no key of the set ever serves as a secret, nor a secret as a key of
    the set (RFC 8725, section 2.1). Supabase's migration from one to the other needs both.
    """

    secrets: tuple[VerificationKey, ...]
    key_set: KeySet | None

    def find(self, algorithm: str | None, key_id: str | None) -> tuple[VerificationKey, ...]:
        """Return the secrets for HS256, whatever the key id, or the key of the set with this id and algorithm."""
        if algorithm == SECRET_ALGORITHM:
            return self.secrets
        if algorithm in _ALGORITHMS.values() and self.key_set is not None:
            key = self.key_set.find(key_id)
            return (key,) if key is not None and key.algorithm == algorithm else ()
        return ()


def keys_of(settings: TokenSettings, clock: Clock = system_clock, send: SendRequest = send_request) -> Keys:
    """Return the keys that the settings name."""
    url = settings.jwks_url
    secrets = tuple(VerificationKey(SECRET_ALGORITHM, secret) for secret in settings.secrets)
    return IssuerKeys(secrets, KeySet(url, lambda at: _document(send, at), clock) if url else None)


def _document(send: SendRequest, url: str) -> bytes:
    answered = send("GET", url, {"accept": "application/json"}, b"")
    if answered.status != 200:
        raise RequestFailed(f"HTTP {answered.status}")
    return answered.body


def _read_keys(document: Any) -> list[tuple[str, VerificationKey]]:
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise RequestFailed("no key set")
    found = [(entry.get("kid"), _public_key(entry)) for entry in entries if isinstance(entry, dict)]
    return [(key_id, key) for key_id, key in found if isinstance(key_id, str) and key is not None]


def _public_key(entry: dict[str, Any]) -> VerificationKey | None:
    """Return the key in a JWK if it may verify signatures; None for secrets, other curves, and short or broken keys."""
    algorithm = _ALGORITHMS.get(f"{entry.get('kty')} {entry.get('crv', '')}")
    if algorithm is None or entry.get("alg", algorithm) != algorithm or not _verifies(entry):
        return None
    try:
        material = PyJWK(entry, algorithm).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and material.key_size < RSA_BITS:
        return None
    return VerificationKey(algorithm, material)


def _verifies(entry: dict[str, Any]) -> bool:
    """Return whether the JWK says of its key that it verifies signatures, or nothing (RFC 7517, sections 4.2, 4.3)."""
    uses = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and isinstance(uses, list) and "verify" in uses
