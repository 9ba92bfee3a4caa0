"""Idempotency: a request that is sent again with the same key changes nothing and gets the first answer."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from commercive_cli.domain.errors import Conflict, Damaged
from commercive_cli.domain.quoting import quoted
from commercive_cli.store.items import Item, Key
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, AnyOf, Below, Put

REQUEST_KEY_DAYS = 7
_DAY_SECONDS = 86_400
FirstAnswer = TypeVar("FirstAnswer", bound=BaseModel)


@dataclass(frozen=True)
class KeyedRequest:
    """A request with a key: sent again within seven days, it changes nothing and gets the first answer.

    `scope` is the caller: equal keys of different callers are different requests.
    """

    action: str
    scope: str
    key: str
    body: tuple[str | None, ...]

    @property
    def claim_key(self) -> Key:
        """Return the key of the claim in `ops`."""
        return {"pk": f"request#{self.action}#{self.scope}", "sk": self.key}

    def claim(self, at: int, answer: dict[str, Any]) -> Put:
        """Return the write that claims the key and keeps `answer`; it fails while an earlier claim is valid."""
        now = at // 1000
        item = {
            **self.claim_key,
            "fingerprint": self._fingerprint(),
            "answer": answer,
            "created_at": at,
            "expires_at": now + REQUEST_KEY_DAYS * _DAY_SECONDS,
        }
        return Put(OPS, item, when=AnyOf(Absent(), Below("expires_at", now)))

    def first_answer(self, claim: Item, shape: type[FirstAnswer]) -> FirstAnswer:
        """Return the answer in an earlier claim; raise Conflict when the claim was made for another body."""
        if claim.get("fingerprint") is None:
            raise self._damaged()
        if claim["fingerprint"] != self._fingerprint():
            raise Conflict(
                f"key {quoted(self.key)} was used for another request; send this one with a new --key "
                "(Idempotency-Key in the API)",
                field="key",
            )
        try:
            return shape.model_validate(claim.get("answer"))
        except ValidationError:
            raise self._damaged() from None

    def _damaged(self) -> Damaged:
        return Damaged(f"the stored answer to key {quoted(self.key)} is damaged; see `commercive tables audit`")

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.body).encode()).hexdigest()


def is_valid(claim: Item, at: int) -> bool:
    """Return whether a request claim is valid at `at` (ms); DynamoDB deletes expired claims only some days later.

    A claim without a time of expiry is valid: ignoring it might carry out a request twice.
    """
    expires_at = claim.get("expires_at")
    return type(expires_at) is not int or expires_at >= at // 1000
