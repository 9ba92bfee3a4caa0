"""Answers one event with one reply: parses, authorizes, makes one service call, and returns JSON."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from commercive_cli.api.actions import Action
from commercive_cli.api.auth.authenticator import Authenticator
from commercive_cli.api.auth.principal import NOBODY, Audience, Principal
from commercive_cli.api.fallback import Fallback
from commercive_cli.api.http.cloudfront import CloudFront
from commercive_cli.api.http.cors import Cors
from commercive_cli.api.http.errors import code_of, failure, to_json
from commercive_cli.api.http.events import USUAL_HEADERS, HTTPRequest, Reply, TooLarge
from commercive_cli.api.operations import Backend, Invocation
from commercive_cli.api.parameters import read_params
from commercive_cli.api.routing import action_in_query, read_request, request_key
from commercive_cli.api.telemetry import FORWARDED, Telemetry, Trace
from commercive_cli.domain.access import loggable
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.errors import Denied, Forbidden, Misconfigured, NoCredentials, Unauthenticated
from commercive_cli.store.right_time import with_right_time

PREFLIGHT = "preflight"
ANSWER_BYTES = 6 * 1024 * 1024 - 16 * 1024
"""The longest answer as Lambda counts it: 6 MB of what its runtime makes of the reply, headers included."""

_MOST_BYTES = 12
"""What one character may become there."""


@dataclass(frozen=True)
class Application:
    """Answers Function URL events; safe to share between threads. `now` counts seconds, for latencies.

    Requests for the actions of another backend are passed on to it when there is a `fallback`. `reads_logged` is the
    share of successful reads that leave a line in the log.
    """

    backend: Backend
    authenticator: Authenticator
    telemetry: Telemetry
    cors: Cors = field(default_factory=Cors)
    fallback: Fallback | None = None
    cloudfront: CloudFront = field(default_factory=CloudFront)
    reads_logged: float = 1.0
    now: Callable[[], float] = time.perf_counter

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to an event; every error becomes a reply, too."""
        request, began = HTTPRequest(event), self.now()
        trace = Trace(request_id=request.id)
        reply = self._reply(request, trace)
        trace.status, trace.latency_ms = reply.status, (self.now() - began) * 1000
        self.telemetry.done(trace, self.reads_logged)
        return replied(request, replace(reply, headers={**self.cors.headers(request), **reply.headers}))

    def _reply(self, request: HTTPRequest, trace: Trace) -> Reply:
        try:
            viewer = self.cloudfront.viewer(request)
            if request.method == "OPTIONS":
                trace.action = PREFLIGHT
                return self.cors.preflight(request)
            self.cors.check(request)
            return self._forwarded(request, trace) or _success(self._answer(request, viewer, trace))
        except Exception as error:  # noqa: BLE001 - the one place: a client hears of every failure, in JSON
            reply = failure(error)
            trace.outcome = code_of(error)
            if reply.status >= 500:
                self.telemetry.failed(trace, error)
            return reply

    def _forwarded(self, request: HTTPRequest, trace: Trace) -> Reply | None:
        """Return the answer of the backend that serves an action which is none of ours, or None."""
        if self.fallback is None or (found := self.fallback.forwarding(request)) is None:
            return None
        trace.action, trace.group, trace.caller, trace.outcome = found.action, found.prefix, NOBODY.label, FORWARDED
        return self.fallback.forward(request)

    def _answer(self, request: HTTPRequest, viewer: str, trace: Trace) -> Answer:
        in_query = action_in_query(request)
        caller = None if in_query is None else self._caller(request, in_query, trace)  # before anybody reads the body
        action, values = read_request(request, in_query)
        caller = caller or self._caller(request, action, trace)
        params = read_params(action.params, values)
        if caller.admin:
            trace.actor = loggable(caller.acting(getattr(params, "admin_id", None)))
        trace.about(params)
        params = action.permitted(params, caller)
        key = request_key(request, params) if action.keyed else None
        answer = _called(action, Invocation(params, caller, self.backend, viewer, key))
        trace.about(answer)
        return answer

    def _caller(self, request: HTTPRequest, action: Action[Any], trace: Trace) -> Principal:
        """Return who calls an action; raise Unauthenticated and Denied."""
        trace.action, trace.reads = action.name, action.method == "GET"
        caller = NOBODY if action.who is Audience.PUBLIC else self.authenticator.caller(request, action)
        trace.caller = loggable(caller.label)
        if caller.admin or action.who is Audience.ADMIN:
            trace.actor = trace.caller
        caller.check_role(action.who)
        return caller


def replied(request: HTTPRequest, reply: Reply) -> dict[str, Any]:
    """Return a reply to a request as Lambda expects it, with the usual headers."""
    headers = {**USUAL_HEADERS, "x-request-id": request.id, **reply.headers}
    return replace(reply, body="" if request.method == "HEAD" else reply.body, headers=headers).as_lambda()


def _called(action: Action[Any], invocation: Invocation[Any]) -> Answer:
    try:
        return with_right_time(lambda: action.call(invocation))
    except Forbidden:
        raise
    except (Unauthenticated, Denied) as error:  # from the store: the caller has passed all checks
        refuses = "" if isinstance(error, NoCredentials) else "the store refuses our credentials: "
        refused = Misconfigured(refuses + error.message)
        refused.partly_done, refused.outcome_unknown = error.partly_done, error.outcome_unknown
        raise refused from error


def _success(answer: Answer) -> Reply:
    """Return the reply of an answer: as text, or in base64 if only that is short enough for Lambda.

    Lambda's runtime puts the body, as one string, into JSON again. Its interface client (awslambdaric,
    lambda_runtime_marshaller.py) does so with `ensure_ascii` except where AWS_EXECUTION_ENV names python3.12 or, later,
    python3.13: each character beyond ASCII may become 6 or 12 bytes. Base64 is 4 bytes for 3 whatever they are.
    """
    body = to_json(answer.model_dump(mode="json"))
    if len(body) <= ANSWER_BYTES // _MOST_BYTES or len(json.dumps(body)) <= ANSWER_BYTES:
        return Reply(200, body)
    encoded = base64.b64encode(body.encode()).decode()
    if len(encoded) <= ANSWER_BYTES:
        return Reply(200, encoded, encoded=True)
    raise TooLarge("the answer exceeds what a Lambda can return; ask for pages with limit and cursor")
