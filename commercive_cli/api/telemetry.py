"""Structured logs and metrics: the action, the caller, the outcome and the latency of each request.

A record may hold the action's name, an id, a number, an error code or a position in the source. It never holds message
text, names, e-mails, phones, tokens, query strings, or the text of an error that could quote any of them.
"""

import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from commercive_cli.domain.access import Records
from commercive_cli.domain.errors import Misconfigured, Unavailable
from commercive_cli.domain.secrets import redact

SERVICE = "commercive-api"
NAMESPACE = "Commercive"
UNKNOWN = "unknown"
OK = "ok"
FORWARDED = "forwarded"
MOST_TOGETHER = 90
"""Requests whose metrics one line may hold; CloudWatch reads 100 values of a metric."""
LONGEST_KEPT = 60.0
"""Seconds after which the metrics of requests without a line are written: CloudWatch counts by the minute."""


@dataclass
class Trace:
    """What is known of one request, filled in as it goes on.

    `group` stands for the action in metrics, where the names of another backend's actions could be without number.
    `reads` says that the action changes nothing. `actor` is whoever acts as an admin, on the `records`; None when
    nobody does.
    """

    request_id: str = ""
    action: str = UNKNOWN
    group: str = ""
    caller: str = UNKNOWN
    outcome: str = OK
    status: int = 0
    latency_ms: float = 0.0
    reads: bool = False
    actor: str | None = None
    records: Records = field(default_factory=Records)

    def about(self, told: object) -> None:
        """Take note of the records that parameters or an answer name, if somebody acts on them as an admin."""
        if self.actor is not None:
            self.records.add_from(told)

    def record(self) -> dict[str, Any]:
        """Return the log record."""
        return {
            "action": self.action,
            "caller": self.caller,
            "outcome": self.outcome,
            "status": self.status,
            "latency_ms": round(self.latency_ms, 3),
            "request_id": self.request_id,
        }

    def access(self) -> dict[str, Any]:
        """Return what the access log tells of an admin's request."""
        about = {"action": self.action, "actor": self.actor, "outcome": self.outcome, "request_id": self.request_id}
        return about | self.records.document()


class Telemetry:
    """Writes one log record and one set of metrics (CloudWatch embedded metric format) per request, to `out`.

    What admins do leaves one more, the access log, which `on_access` hears, too. All instances with one `service` name
    share a logger, which writes to the stream of the first.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        *,
        service: str = SERVICE,
        on_access: Callable[[Mapping[str, Any]], object] = lambda _: None,
        chance: Callable[[], float] = random.random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out or sys.stdout
        self._chance = chance
        self._unlogged = _Unlogged(now)
        # Our messages are words; powertools would try to read each as JSON.
        self._logger = Logger(service=service, stream=self._out, json_serializer=_to_ascii, json_deserializer=str)
        self._service = service
        self._format = EphemeralMetrics(namespace=NAMESPACE, service=service)
        self._on_access = on_access

    def warn(self, message: str) -> None:
        """Log a warning."""
        self._logger.warning(message)

    def failed(self, trace: Trace, error: Exception) -> None:
        """Log the origin of an error: the store's message for Unavailable, the stack frames without text for a bug."""
        record = {"request_id": trace.request_id, "action": trace.action, "error": _causes(error)}
        if isinstance(error, Unavailable | Misconfigured):
            self._logger.error(error.code, extra=record | {"detail": redact(error.message)})
        else:
            self._logger.error("bug", extra=record | {"frames": _frames(error)})

    def not_synced(self, problem: str) -> None:
        """Log why a link was not written to Supabase."""
        self._logger.warning("supabase_not_synced", extra={"problem": redact(problem)})

    def no_secrets(self, problem: str) -> None:
        """Log why the secrets were not read again."""
        self._logger.error("secrets_not_read", extra={"problem": redact(problem)})

    def done(self, trace: Trace, reads_logged: float = 1.0) -> None:
        """Log one request, and what an admin read or changed by it, and write its metrics.

        Of successful reads only a share of `reads_logged` is logged; the metrics of the others are written together,
        within a minute if there are further requests. What admins read is in the access log nevertheless.
        """
        if trace.actor is not None:
            self._logger.info("access", extra=trace.access())
            self._on_access(trace.access())
        if trace.reads and trace.status < 400 and self._chance() >= reads_logged:
            self._write_metrics(self._unlogged.add(trace))
            return
        self._logger.info("request", extra=trace.record())
        self._write_metrics([*self._unlogged.due(), [trace]])

    def close(self) -> None:
        """Write the metrics that wait for others."""
        self._write_metrics(self._unlogged.all())

    def _write_metrics(self, groups: Iterable[Sequence[Trace]]) -> None:
        for traces in groups:
            self._out.write(json.dumps(self._metrics(traces)) + "\n")

    def _metrics(self, traces: Sequence[Trace]) -> dict[str, Any]:
        """Return the metrics of some requests of one action."""
        metrics = {
            "Requests": _values(MetricUnit.Count, (1 for _ in traces)),
            "Latency": _values(MetricUnit.Milliseconds, (each.latency_ms for each in traces)),
            "ClientErrors": _values(MetricUnit.Count, (400 <= each.status < 500 for each in traces)),
            "ServerErrors": _values(MetricUnit.Count, (each.status >= 500 for each in traces)),
        }
        dimensions = {"action": _group_of(traces[0]), "service": self._service}
        one = {"outcome": traces[0].outcome, "request_id": traces[0].request_id} if len(traces) == 1 else {}
        return dict(self._format.serialize_metric_set(metrics, dimensions, one))


class _Unlogged:
    """The requests without a line of their own, by action, until their metrics are written; threads may share it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, list[Trace]] = {}
        self._since = 0.0
        self._lock = Lock()

    def add(self, trace: Trace) -> list[list[Trace]]:
        """Keep a request; return those whose metrics are to be written now."""
        with self._lock:
            if not self._kept:
                self._since = self._now()
            together = self._kept.setdefault(_group_of(trace), [])
            together.append(trace)
            if len(together) == MOST_TOGETHER:
                return [self._kept.pop(_group_of(trace))]
        return self.due()

    def due(self) -> list[list[Trace]]:
        """Return all, when the first one was kept long enough."""
        return self.all() if self._kept and self._now() - self._since >= LONGEST_KEPT else []

    def all(self) -> list[list[Trace]]:
        """Return all, which are kept no longer."""
        with self._lock:
            kept, self._kept = self._kept, {}
        return list(kept.values())


def _values(unit: MetricUnit, values: Iterable[float]) -> dict[str, Any]:
    return {"Unit": unit.value, "Value": [float(each) for each in values]}


def _group_of(trace: Trace) -> str:
    return trace.group or trace.action


def _to_ascii(record: dict[str, Any]) -> str:
    """Return the JSON of a record, in which no character can hide or control a terminal."""
    return _encoded(record)


_encoded = json.JSONEncoder(default=str, separators=(",", ":")).encode


def _causes(error: BaseException) -> list[str]:
    cause = error.__cause__ or error.__context__
    return [type(error).__name__, *(_causes(cause) if cause else ())]


def _frames(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
