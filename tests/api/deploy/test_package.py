"""The deployment zip: reproducible, without what Lambda has no use for, and enough to answer from."""

import json
import os
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from commercive_cli.api.deploy.package import mismatch, write_package

RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "six", "urllib3", "jmespath")
"""What Lambda's Python brings."""

SCRIPT = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from commercive_cli.api.handler import handler

def knock(method, query="", body=None):
    event = {"version": "2.0", "rawQueryString": query, "headers": {"content-type": "application/json"},
             "requestContext": {"requestId": "r", "http": {"method": method, "sourceIp": "192.0.2.1"}},
             "isBase64Encoded": False}
    reply = handler(event if body is None else event | {"body": json.dumps(body)}, None)
    return reply["statusCode"]

statuses = [
    knock("GET", "action=health"),
    knock("GET", "action=chat/conversations&user_id=u"),
    knock("GET", "action=admin/leads"),
    knock("GET", "action=affiliate/stats&affiliate_id=a"),
    knock("POST", "", {"action": "chat/send", "user_id": "u", "message": "hi"}),
    knock("POST", "", {"action": "affiliate/create-link", "affiliate_id": "a", "affiliate_email": "a@example.com"}),
]
print(json.dumps({"statuses": statuses, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "api.zip"
    write_package(path)
    return path


def test_the_same_code_makes_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """A hash tells whether something changed."""
    again = tmp_path / "again.zip"
    write_package(again)

    assert package.read_bytes() == again.read_bytes()


def test_only_what_the_handler_needs_is_in_it(package: Path) -> None:
    """No terminal, no command line, no other engine; and bytecode, so that a cold start need not compile."""
    names = zipfile.ZipFile(package).namelist()

    unwanted = ("typer/", "rich/", "click/", "boto3/", "botocore/", "waitress/", "commercive_cli/cli/", "../")
    assert [] == [name for name in names if name.startswith(unwanted) or "sqlite" in name]
    assert cache_from_source("commercive_cli/api/handler.py") in names
    assert package.stat().st_size < 50_000_000, "Lambda takes no larger zip directly"


def test_the_package_answers_on_its_own(package: Path, tmp_path: Path, real_endpoint: str) -> None:
    """Unpacked beside what Lambda brings and nothing else, the handler reads and writes; no typer, no rich."""
    zipfile.ZipFile(package).extractall(tmp_path / "code")
    store = f"dynamodb://eu-west-1?prefix=zip_{uuid4().hex[:8]}_&endpoint={real_endpoint}"
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "COMMERCIVE_API_AUTH": "none",
        "COMMERCIVE_STORE": store,
    }
    root = str(Path(__file__).parents[3])
    subprocess.run(
        [sys.executable, "-m", "commercive_cli", "tables", "create"],
        env=environment | {"PYTHONPATH": root},
        check=True,
        capture_output=True,
    )

    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", "-c", SCRIPT, str(tmp_path / "code"), str(_runtime(tmp_path))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == ran.returncode, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert [200] * 6 == found["statuses"]
    assert set() == {"typer", "rich", "click", "waitress"} & set(found["modules"])


def test_other_platforms_are_warned() -> None:
    """Compiled libraries of a Mac do not load on Lambda."""
    assert mismatch("linux", "x86_64") is None
    assert "Lambda wants linux x86_64" in str(mismatch("darwin", "arm64"))


def _runtime(directory: Path) -> Path:
    runtime = directory / "runtime"
    runtime.mkdir()
    for name in RUNTIME:
        found = find_spec(name)
        assert found is not None
        origin = Path(str(found.origin))
        target = origin.parent if origin.name == "__init__.py" else origin
        (runtime / target.name).symlink_to(target)
    return runtime
