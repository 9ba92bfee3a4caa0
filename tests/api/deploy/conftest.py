"""The package of this code and this environment, made once."""

from pathlib import Path

import pytest

from commercive_cli.api.deploy.package import write_package


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "api.zip"
    write_package(path)
    return path
