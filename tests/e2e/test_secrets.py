"""A credential that no header can carry is named, never shown, and never called an unknown outcome."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Ran, bare_environment

SECRET = "FwoGZXIvYXdzEXAMPLEsessiontoken1234567890"
USUAL = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY00"}
SEND = ("chat", "send", "--user", "u", "Hello", "--yes")


def told(ran: Ran, name: str) -> None:
    assert (78, "") == (ran.code, ran.out), ran.err
    assert name in ran.err
    assert SECRET[:20] not in ran.err
    assert "unknown" not in ran.err


@pytest.mark.parametrize("variable", ["AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize(
    "wrong", [f"{SECRET}\n", f" {SECRET}", f"{SECRET}\u20ac", f"{SECRET}\x7f", f"{SECRET[:20]}\n{SECRET[20:]}"]
)
@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_a_variable_with_a_line_end_is_named(
    tmp_path: Path, real_endpoint: str, variable: str, wrong: str, options: tuple[str, ...]
) -> None:
    """Exit code 78 and the variable's name, also with a traceback; nothing was sent, so nothing is unknown."""
    store = {"COMMERCIVE_STORE": f"dynamodb://eu-west-1?endpoint={real_endpoint}"}
    ran = Program(bare_environment(tmp_path) | USUAL | store | {variable: wrong})(*options, *SEND)

    told(ran, variable)
    assert "nothing was sent" in ran.err


def test_a_credentials_file_with_a_line_end_is_named(tmp_path: Path, real_endpoint: str) -> None:
    """The same holds of a profile's values."""
    file = tmp_path / "credentials"
    file.write_text(
        f"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET[:20]}\n  {SECRET[20:]}\n"
    )
    store = {"COMMERCIVE_STORE": f"dynamodb://eu-west-1?endpoint={real_endpoint}"}
    ran = Program(bare_environment(tmp_path) | store | {"AWS_SHARED_CREDENTIALS_FILE": str(file)})("--debug", *SEND)

    told(ran, "aws_secret_access_key of the AWS credentials from shared-credentials-file")
