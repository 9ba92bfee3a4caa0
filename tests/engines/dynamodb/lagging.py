"""DynamoDB's lag, in front of a server: what was done shows some seconds later, as on AWS.

A new table is unknown to every operation at first, then being created, then there; a change of its settings is accepted
at once, and the descriptions go on telling the state of before. The clock is the test's. What the server behind does
not know is kept here: recovery, and the tags.
"""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any

from tests.engines.dynamodb.doubles import Answer, Request, refusal, success

Answers = Callable[[Request], Answer]
_DESCRIBES = ("DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource")
_MAKES = ("CreateTable", "RestoreTableFromBackup")
_CHANGES = (*_MAKES, "UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups", "TagResource")
_MISSING = {"DescribeContinuousBackups": "TableNotFoundException", "UpdateContinuousBackups": "TableNotFoundException"}


class Lagging:
    """Carries requests on, and answers each description with what it was `lag` seconds ago.

    `unknown` is how long a new table is not known. `hidden` counts the answers that did not show the present state.
    """

    def __init__(self, behind: Answers, now: Callable[[], float], *, lag: float = 5.0, unknown: float = 5.0) -> None:
        self._behind = behind
        self._now = now
        self.lag = lag
        self._unknown = unknown
        self._made: dict[str, float] = {}
        self._recovery: dict[str, bool] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._states: dict[tuple[str, str], list[tuple[float, Answer]]] = {}
        self._lock = Lock()
        self.hidden = 0

    def __call__(self, request: Request) -> Answer:
        name = _table_of(request)
        if request.operation not in _MAKES and self._now() < self._made.get(name, 0.0) + self._unknown:
            self.hidden += 1
            return refusal(_MISSING.get(request.operation, "ResourceNotFoundException"), f"no table {name}")
        if request.operation in _DESCRIBES:
            return self._earlier(request, name)
        if request.operation not in _CHANGES:
            return self._behind(request)
        with self._lock:
            before = {each: self._state(each, name, request) for each in _DESCRIBES} if name in self._made else {}
            answer = self._done(request, name)
            for each, state in before.items():
                self._states.setdefault((each, name), []).append((self._now() + self.lag, state))
            return answer

    def untag(self, name: str) -> None:
        """Take away the tags of a table, as somebody else may."""
        self._tags[name] = {}

    def _done(self, request: Request, name: str) -> Answer:
        match request.operation:
            case "CreateTable" | "RestoreTableFromBackup":
                self._made[name] = self._now()
                self._tags[name] = _pairs(request.parameters.get("Tags", []))
            case "TagResource":
                self._tags[name] = self._tags.get(name, {}) | _pairs(request.parameters["Tags"])
                return success()
            case "UpdateContinuousBackups":
                wanted = request.parameters["PointInTimeRecoverySpecification"]
                self._recovery[name] = wanted["PointInTimeRecoveryEnabled"]
                return success()
        return self._behind(request)

    def _earlier(self, request: Request, name: str) -> Answer:
        for until, state in self._states.get((request.operation, name), []):
            if self._now() < until:
                self.hidden += 1
                return state
        return self._state(request.operation, name, request)

    def _state(self, operation: str, name: str, request: Request) -> Answer:
        if operation == "DescribeContinuousBackups":
            status = "ENABLED" if self._recovery.get(name) else "DISABLED"
            recovery = {"PointInTimeRecoveryStatus": status}
            found = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
            return success(ContinuousBackupsDescription=found)
        if operation == "ListTagsOfResource":
            return success(Tags=[{"Key": key, "Value": value} for key, value in self._tags.get(name, {}).items()])
        return self._behind(beside(request, operation, TableName=name))


def beside(request: Request, operation: str, **parameters: Any) -> Request:
    """Return another request of the same caller: compatible servers do not check signatures."""
    kept = {key: value for key, value in request.headers.items() if key.lower() not in ("content-length", _TARGET)}
    return Request(operation, parameters, json.dumps(parameters).encode(), kept | {_TARGET: f"{_VERSION}.{operation}"})


def _table_of(request: Request) -> str:
    named = request.parameters.get("TableName") or request.parameters.get("TargetTableName")
    return str(named or request.parameters.get("ResourceArn", "")).rpartition("/")[2]


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


_TARGET, _VERSION = "x-amz-target", "DynamoDB_20120810"
