"""The package of this code and the libraries of this environment, made once; or one that was made before."""

import os
import platform
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from commercive_cli.api.deploy.libraries import needed_libraries
from commercive_cli.api.deploy.package import assembled, handler_closure
from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.api.deploy.wheels import Wheel
from tests.api.deploy.wheels import IMPORTED, installed, packed

_ARM = ("aarch64", "arm64")


@pytest.fixture(scope="session")
def here() -> Runtime:
    """Return this Python and this machine, as if Lambda had it."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Runtime(python, "arm64" if platform.machine() in _ARM else "x86_64")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, here: Runtime) -> Path:
    """Return the zip: the one that COMMERCIVE_TEST_PACKAGE names, as `.ci/run` does of the one that it has built."""
    if made := os.environ.get("COMMERCIVE_TEST_PACKAGE"):
        return Path(made)
    directory, libraries = tmp_path_factory.mktemp("package"), installed()

    def wheels_of(names: Collection[str]) -> dict[str, Wheel]:
        return {name: Wheel(packed(libraries[name], directory)) for name in names}

    wheels = needed_libraries(IMPORTED, wheels_of, here.environment)
    path = directory / "api.zip"
    path.write_bytes(assembled(handler_closure(), wheels.values(), here)[0])
    return path
