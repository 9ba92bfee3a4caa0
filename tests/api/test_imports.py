"""The modules that the handler loads, and those it does not load."""

import subprocess
import sys
from pathlib import Path

UNWANTED = ("typer", "rich", "click", "h11", "sqlite3", "boto3")


def test_the_handler_loads_neither_terminal_nor_server_nor_engine() -> None:
    """A cold start loads what every request needs; the engine is loaded with the first request."""
    script = f"import sys, commercive_cli.api.handler; print([n for n in {UNWANTED} if n in sys.modules])"

    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )

    assert ("[]", "") == (ran.stdout.strip(), ran.stderr)
