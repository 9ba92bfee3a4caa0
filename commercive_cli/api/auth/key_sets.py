"""The keys that access tokens are verified with: one shared secret, or the issuer's published key set (RFC 7517)."""

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
"""Without any keys nobody can sign in, so a fetch that failed is tried again this soon after it ended."""

REFETCH_MS = 30_000
"""An unknown key id asks the issuer at most this often, so that forged ids cannot make us knock all the time."""

MAX_AGE_MS = 600_000
"""A key that the issuer withdrew stops counting after ten minutes."""

RSA_BITS = 2048
_ALGORITHMS = {"EC P-256": "ES256", "RSA ": "RS256"}
Fetch = Callable[[str], bytes]
"""Returns the document at a URL; raises CallFailed."""


@dataclass(frozen=True)
class VerificationKey:
    """A key with the one algorithm that it may verify: no key serves both HMAC and signatures."""

    algorithm: str
    material: Any


class Keys(Protocol):
    """Where verification keys come from."""

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key for a token's `kid`, or None when there is none; raise NoKeys when nobody can tell."""
        ...


@dataclass(frozen=True)
class SharedSecret:
    """Supabase's older way: HS256 with one secret, whatever key id a token names."""

    secret: str

    def find(self, _key_id: str | None) -> VerificationKey | None:
        """Return the secret."""
        return VerificationKey("HS256", self.secret)


class KeySet:
    """The issuer's public keys, ES256 and RS256, fetched when first needed and kept; safe to share between threads.

    Keys that were fetched stay good while the issuer cannot be reached.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Clock = system_clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, VerificationKey] | None = None
        self._tried_at: int | None = None

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key with this id, asking the issuer again when it is unknown; a token without an id has none."""
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
            self._tried_at = self._clock()  # its end, so that those who waited for it do not all ask again


def keys_of(settings: TokenSettings, clock: Clock = system_clock, send: SendRequest = send_request) -> Keys:
    """Return the keys that the settings name: the secret where there is one, else the issuer's key set."""
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
    """Return the key in a JWK that may verify signatures; None for secrets, other curves and short or broken keys."""
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
