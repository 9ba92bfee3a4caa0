"""Idempotency: a request that is sent again with the same key changes nothing and gets the first answer.

The key is claimed in the transaction that makes the change, also where nothing is left to change. So whoever finds the
claim, be it the engine that sends a transaction again after a lost reply, knows that the request was carried out. A
claim holds as long as it is there; that it has expired, no clock tells alone.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Conflict, Damaged, Denied, Invalid, NotFound, RateLimited
from commercive_cli.domain.quoting import quoted
from commercive_cli.domain.text import ID_LENGTH, identifier
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed, Store, Transactions
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, Check, Delete, Put, Write, wholly_unchanged

REQUEST_KEY_DAYS = 7
NO_GUARD = None
"""Stands where a guard stood in the bodies of earlier versions, so that what they sent without one repeats."""
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
        """Return the write that claims the key and keeps `answer`; it fails while there is an earlier claim."""
        item = {
            **self.claim_key,
            "fingerprint": self._fingerprint(),
            "answer": answer,
            "created_at": at,
            "expires_at": at // 1000 + REQUEST_KEY_DAYS * _DAY_SECONDS,
        }
        return Put(OPS, item, when=Absent())

    def check(self) -> Check:
        """Return the check that nobody has claimed the key; for what is written before the claim."""
        return Check(OPS, self.claim_key, Absent())

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
        return self.answer_in(claim, shape)

    def answer_in(self, claim: Item, shape: type[FirstAnswer]) -> FirstAnswer:
        """Return the answer in an earlier claim, whatever the body was; raise Damaged when it cannot be read."""
        try:
            return shape.model_validate(claim.get("answer"))
        except ValidationError:
            raise self._damaged() from None

    def _damaged(self) -> Damaged:
        return Damaged(f"the stored answer to key {quoted(self.key)} is damaged; see `commercive tables audit`")

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.body).encode()).hexdigest()


class Repeated(Exception):
    """An earlier request with the same key has claimed it; `once` turns this into the first answer."""

    def __init__(self, claim: Item) -> None:
        super().__init__()
        self.claim = claim


def keyed(action: str, scope: str, key: str | None, *body: str | int | None) -> KeyedRequest | None:
    """Return the request of a caller (`scope`) with a key of 1 to 128 characters; None without a key.

    `body` is everything else that was asked for, but no guard such as `if_last` or `as_of`: that says when the request
    may be carried out first, and once it was, its answer goes before any guard.
    """
    if key is None:
        return None
    return KeyedRequest(
        action, scope, identifier(key, "key"), tuple(None if each is None else str(each) for each in body)
    )


def key_of_item(key: str, item_id: str) -> str:
    """Return the key of one item's request, where a command with one key changes many items.

    Where that is longer than a key may be, it is a hash.
    """
    both = f"{identifier(key, 'key')}#{item_id}"
    return both if len(both) <= ID_LENGTH else hashlib.sha256(both.encode("utf-8", "replace")).hexdigest()


def once(
    store: Store,
    clock: Clock,
    request: KeyedRequest | None,
    shape: type[FirstAnswer],
    carry_out: Callable[[], FirstAnswer],
) -> FirstAnswer:
    """Carry out a request that writes with `write_once`; return the first answer when it was carried out before.

    A request that would be refused by now may have been carried out when it first came, so its answer goes before the
    refusal.
    """
    try:
        try:
            return carry_out()
        except Repeated as repeated:
            if dropped(store, clock(), repeated.claim):
                return carry_out()
            raise
    except Repeated as repeated:
        assert request is not None, "only a request with a key repeats"
        return request.first_answer(repeated.claim, shape)
    except (Conflict, NotFound, Denied, Damaged, Invalid, RateLimited):
        answer = None if request is None else earlier_answer(store, clock(), request, shape)
        if answer is None:
            raise
        return answer


def write_once(store: Transactions, request: KeyedRequest | None, at: int, answer: BaseModel, *writes: Write) -> None:
    """Make all writes of a request and claim its key, in one transaction at `at` (ms).

    Raises Repeated when the key is claimed already, and ConditionFailed.
    """
    claims = [] if request is None else [request.claim(at, answer.model_dump(exclude={"success"}))]
    _transact(store, [*writes, *claims], len(writes))


def write_part(store: Store, request: KeyedRequest | None, *writes: Write) -> None:
    """Make some writes of a request, the last of which go with `write_once`; raise as that does."""
    checks = [] if request is None else [request.check()]
    _transact(store, [*writes, *checks], len(writes))


def nothing_to_do(store: Transactions, request: KeyedRequest | None, at: int, answer: FirstAnswer) -> FirstAnswer:
    """Return the answer to a request that finds nothing to change, after claiming its key.

    Without the claim, a repetition would do it after all, once others have changed the record. Raises Repeated.
    """
    write_once(store, request, at, answer)
    return answer


def once_outside(
    store: Store,
    clock: Clock,
    request: KeyedRequest | None,
    shape: type[FirstAnswer],
    carry_out: Callable[[], FirstAnswer],
) -> FirstAnswer:
    """Carry out a request that changes something outside the store, where no transaction can hold the claim.

    The key is claimed afterwards. A process that dies in between leaves it free, so this is for what may be done twice.
    """
    answer = None if request is None else earlier_answer(store, clock(), request, shape)
    if answer is not None:
        return answer

    def claimed() -> FirstAnswer:
        done = carry_out()
        with after_a_part(lambda: "it is done, but for the claim of its key"):
            return nothing_to_do(store, request, clock(), done)

    return once(store, clock, request, shape, claimed)


def earlier_answer(store: Store, at: int, request: KeyedRequest, shape: type[FirstAnswer]) -> FirstAnswer | None:
    """Return the answer to an earlier request with this key, None when there was none; costs one read."""
    claim = earlier_claim(store, at, request)
    return None if claim is None else request.first_answer(claim, shape)


def earlier_claim(store: Store, at: int, request: KeyedRequest) -> Item | None:
    """Return the claim of a request with this key, whatever its body was, None when there is none; costs one read."""
    claim = store.get(OPS, request.claim_key)
    return claim if claim and stands(store, at, claim) else None


def answer_found(
    store: Store, at: int, request: KeyedRequest | None, claim: Item | None, shape: type[FirstAnswer]
) -> FirstAnswer | None:
    """Return the first answer to a request that was refused just now, None where its key is free, or is free from now.

    `claim` is what the store said of it; an engine need not report every failed condition, and then it is read.
    """
    found = None if request is None else claim or store.get(OPS, request.claim_key)
    if request is None or found is None or dropped(store, at, found):
        return None
    return request.first_answer(found, shape)


def _transact(store: Transactions, writes: list[Write], claim: int) -> None:
    if not writes:
        return
    try:
        store.transact(*writes)
    except ConditionFailed as failed:
        found = failed.failures.get(claim)
        if found is None:
            raise
        raise Repeated(found) from None


def stands(store: Store, at: int, claim: Item) -> bool:
    """Return whether a request claim that was found is valid at `at` (ms); stores drop expired ones some days later.

    It has expired when both the caller's clock and the store say so: a clock that is ahead forgets no request. A claim
    without a time of expiry is valid: ignoring it might carry out a request twice.
    """
    expires_at = claim.get("expires_at")
    if type(expires_at) is not int or expires_at >= at // 1000:
        return True
    passed = store.clock().passed
    return passed is None or expires_at >= passed // 1000


def dropped(store: Store, at: int, claim: Item) -> bool:
    """Drop a claim that has expired, and return whether it had: its key is free, or taken anew by who was faster."""
    if stands(store, at, claim):
        return False
    with suppress(ConditionFailed):
        store.transact(Delete(OPS, OPS.key_of(claim), when=wholly_unchanged(OPS, claim)))
    return True
