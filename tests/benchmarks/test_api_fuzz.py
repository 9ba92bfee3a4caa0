"""schemathesis against `api serve`, 20,000 requests in each mode: no 5xx, and no answer outside the document.

    pip install 'commercive[fuzz]'
    pytest -m benchmark tests/benchmarks/test_api_fuzz.py

COMMERCIVE_FUZZ_REQUESTS changes the number of requests.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from commercive_cli.api.openapi import document
from tests.api.http.test_serve import Served, create_tables, serving
from tests.api.test_seed_requests import LEAD
from tests.api.world import ISSUER

pytestmark = pytest.mark.benchmark

SECRET = "a shared secret of more than thirty-two bytes"
REQUESTS = int(os.environ.get("COMMERCIVE_FUZZ_REQUESTS", "20000"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
OPERATIONS = 2
SHARE = 0.95
"""What of the asked number must have arrived: schemathesis may find fewer different requests than it was asked for."""


@pytest.fixture
def schemathesis() -> str:
    beside = Path(sys.executable).with_name("schemathesis")
    found = str(beside) if beside.exists() else shutil.which("schemathesis")
    if found is None:
        pytest.skip("schemathesis is not installed: pip install 'commercive[fuzz]'")
    return found


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    create_tables(url)
    return url


def token(subject: str, *, admin: bool = False) -> str:
    claims = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": subject}
    grants = {"app_metadata": {"role": "admin"}} if admin else {}
    return jwt.encode({**claims, **grants, "exp": int(time.time()) + 36_000}, SECRET, "HS256")


def populate(api: Served) -> dict[str, list[str]]:
    """Make things for the fuzzer to find, and return their ids by the field that names them."""
    found: dict[str, list[str]] = {"user_id": ["user-a", "user-b"], "affiliate_id": ["user-a", "user-b"]}
    for user in found["user_id"]:
        link = api.post(action="affiliate/create-link", affiliate_id=user, affiliate_email="a@example.com")
        lead = api.post(action="affiliate/submit-lead", link_id=link["link_id"], lead_data=LEAD)
        sent = api.post(action="chat/send", user_id=user, message="hi")
        found.setdefault("conversation_id", []).append(sent["conversation_id"])
        found.setdefault("lead_id", []).append(lead["lead_id"])
        found.setdefault("link_id", []).append(link["link_id"])
    return found


def document_naming(ids: dict[str, list[str]]) -> dict[str, Any]:
    """Return the document with schemas that know these ids, so that requests meet what is there."""
    known = document()
    for parameter in known["paths"]["/"]["get"]["parameters"]:
        _name_ids(parameter["name"], parameter["schema"], ids)
    for schema in known["components"]["schemas"].values():
        if "action" in schema.get("properties", {}):
            for name, shape in schema["properties"].items():
                _name_ids(name, shape, ids)
    return known


def _name_ids(name: str, schema: dict[str, Any], ids: dict[str, list[str]]) -> None:
    if name in ids:
        schema["anyOf"] = [{"type": "string", "enum": ids[name]}, {"type": "string"}]
        schema.pop("type", None)


def fuzz(program: str, url: str, path: Path, requests: int, bearer: str | None) -> None:
    """Run schemathesis; fail with its report when a check fails."""
    headers = ["-H", f"Authorization: Bearer {bearer}"] if bearer else []
    arguments = [
        *(program, "run", str(path), "--url", url, "--checks", ",".join(CHECKS), "--no-color"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(requests // OPERATIONS)),
        *("--workers", "2", "--seed", "1", "--continue-on-failure", "--generation-database", "none"),
        *("--suppress-health-check", "all", "--warnings", "off", *headers),
    ]
    ran = subprocess.run(  # noqa: S603 - the fuzzer of this environment
        arguments, capture_output=True, text=True, check=False, cwd=path.parent
    )

    assert 0 == ran.returncode, ran.stdout[-6000:] + ran.stderr[-2000:]


def requests_in(log: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        if line.startswith("{") and '"message":"request"' in line:
            yield json.loads(line)


def check_log(log: str) -> None:
    statuses = Counter(record["status"] for record in requests_in(log))
    actions = Counter(record["action"] for record in requests_in(log))
    print(dict(statuses), dict(actions))  # noqa: T201 - a benchmark tells what it saw

    assert REQUESTS * SHARE <= sum(statuses.values())
    assert [] == [status for status in statuses if status >= 500]
    assert "Traceback" not in log


def test_mode_none(schemathesis: str, store: str, tmp_path: Path) -> None:
    """The client is trusted, so everything is reached."""
    with serving(store, "--auth", "none") as api:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document_naming(populate(api))))
        fuzz(schemathesis, api.url, path, REQUESTS, None)

    check_log(api.log)


def test_mode_jwt(schemathesis: str, store: str, tmp_path: Path) -> None:
    """A third of the requests each from nobody, a user and an admin."""
    with serving(store, "--auth", "none") as api:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document_naming(populate(api))))
    variables = {
        "COMMERCIVE_JWT_ISSUER": ISSUER,
        "COMMERCIVE_JWT_SECRET": SECRET,
        "COMMERCIVE_ADDRESS_KEY": "k" * 32,
    }
    with serving(store, **variables) as api:
        for bearer in (None, token("user-a"), token("boss", admin=True)):
            fuzz(schemathesis, api.url, path, REQUESTS // 3 + 1, bearer)

    check_log(api.log)
