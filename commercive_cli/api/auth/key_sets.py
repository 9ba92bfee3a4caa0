"""The keys that verify access tokens: a shared secret, or the issuer's published key set (RFC 7517)."""

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
from commercive_cli.settings.api import TokenSettings

RETRY_MS = 2_000
"""The pause after a failed fetch while there are no keys; it is short, since nobody can sign in without keys."""

REFETCH_MS = 30_000
"""The shortest time between two fetches for unknown key ids, so that forged ids cannot cause a fetch each."""

MAX_AGE_MS = 600_000
"""The age at which keys are fetched again, so that a withdrawn key is not accepted for longer."""

RSA_BITS = 2048
_ALGORITHMS = {"EC P-256": "ES256", "RSA ": "RS256"}
Fetch = Callable[[str], bytes]
"""Returns the document at a URL; raises RequestFailed."""


@dataclass(frozen=True)
class VerificationKey:
    """A key with the only algorithm it is used for, so that no key serves both HMAC and signatures."""

    algorithm: str
    material: Any


class Keys(Protocol):
    """A source of verification keys."""

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key for a token's `kid`, or None when there is none; raise NoKeys while keys cannot be fetched."""
        ...


@dataclass(frozen=True)
class SharedSecret:
    """The one HS256 secret of older Supabase projects, used for every key id."""

    secret: str

    def find(self, _key_id: str | None) -> VerificationKey | None:
        """Return the secret."""
        return VerificationKey("HS256", self.secret)


class KeySet:
    """The issuer's public keys, ES256 and RS256, fetched at first use and kept; can be used by several threads at once.

    Fetched keys remain valid while the issuer cannot be reached.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Clock = system_clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, VerificationKey] | None = None
        self._tried_at: int | None = None

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key with this id, or None; an unknown id causes a fetch, at most one every 30 seconds."""
        if key_id is None:
            return None
        with self._lock:
            if self._is_due(key_id):
                self._refresh()
            if self._keys is None:
                raise NoKeys("the keys of the identity provider cannot be fetched now; nothing was done, try again")
            return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        if self._tried_at is None:
            return True
        return self._clock() - self._tried_at >= self._pause(key_id)

    def _pause(self, key_id: str) -> int:
        if self._keys is None:
            return RETRY_MS
        return MAX_AGE_MS if key_id in self._keys else REFETCH_MS

    def _refresh(self) -> None:
        try:
            self._keys = dict(_read_keys(json.loads(self._fetch(self._url))))
        except (RequestFailed, ValueError, RecursionError):
            return
        finally:
            self._tried_at = self._clock()  # after the fetch, so that threads that waited for it do not fetch again


def keys_of(settings: TokenSettings, clock: Clock = system_clock, send: SendRequest = send_request) -> Keys:
    """Return the source of keys: the secret if one is set, else the issuer's key set."""
    if settings.secret is not None:
        return SharedSecret(settings.secret)
    return KeySet(settings.jwks_url, lambda url: _document(send, url), clock)


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
    if algorithm is None or entry.get("alg", algorithm) != algorithm or entry.get("use", "sig") != "sig":
        return None
    try:
        material = PyJWK(entry, algorithm).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and material.key_size < RSA_BITS:
        return None
    return VerificationKey(algorithm, material)
