"""The answer of `whoami`: actor, profile, store and clock, each with where it is known from."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from commercive_cli.cli.render.columns import IDENTITY
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse
from commercive_cli.settings.resolve import Settings
from commercive_cli.store.port import Store, StoreClock

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000


class WhoAmI(Answer):
    """Who acts where. Times are in ms; `ahead_ms` is how far at least this machine's clock is ahead of the store's.

    `sources` says where actor, profile and store are taken from, `refusal` why the store would not answer a read.
    """

    actor: str
    profile: str | None
    read_only: bool
    protected: bool
    store: str
    local: bool
    clock: int
    store_clock: int | None
    ahead_ms: int | None
    refusal: str | None
    sources: Mapping[str, str]


class _Row(Sparse):
    what: str
    value: str
    source: str


def who_am_i(settings: Settings, store: Store, clock: StoreClock, now: int) -> WhoAmI:
    """Return the answer; `now` (ms) is this machine's time at which the store told its own."""
    return WhoAmI(
        actor=settings.actor,
        profile=settings.profile,
        read_only=settings.read_only,
        protected=settings.protected,
        store=store.target,
        local=store.local,
        clock=now,
        store_clock=clock.now,
        ahead_ms=clock.ahead(now),
        refusal=clock.refusal.message if clock.refusal else None,
        sources={name: settings.sources[name] for name in ("actor", "profile", "store")},
    )


def _rows(answer: WhoAmI) -> Iterator[_Row]:
    guards = [word for word, holds in (("protected", answer.protected), ("read-only", answer.read_only)) if holds]
    yield _Row(what="actor", value=answer.actor, source=answer.sources["actor"])
    yield _Row(what="profile", value=", ".join((answer.profile or "none", *guards)), source=answer.sources["profile"])
    yield _Row(what="store", value=answer.store, source=answer.sources["store"])
    yield _Row(what="clock", value=_local_time(answer.clock), source=_difference(answer.ahead_ms))


def _local_time(at: int) -> str:
    moment = datetime.fromtimestamp(at / _SECOND).astimezone()
    return f"{moment:%a %d %b %H:%M:%S %Z} (UTC{moment.isoformat()[-6:]})"


def _difference(ahead: int | None) -> str:
    if ahead is None:
        return "the store did not tell its own"
    if abs(ahead) < _SECOND:
        return "as the store's, to the second"
    return f"{_duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the store's"


def _duration(length: int) -> str:
    """Return the two largest units of a length in ms, such as `7m 3s`."""
    parts = []
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (_SECOND, "s")):
        if count := length // unit:
            parts.append(f"{count}{letter}")
        length %= unit
    return " ".join(parts[:2])


VIEWS[WhoAmI] = View(_rows, IDENTITY, named=lambda answer: [*_rows(answer)][:1])
