"""Libraries by a lock file: in its versions and with its hashes, or not at all."""

import hashlib
import os
import re
import subprocess
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from commercive_cli.api.deploy.libraries import libraries_here, needed_libraries
from commercive_cli.api.deploy.package import LEFT_OUT_LIBRARIES, handler_closure
from tests.api.http.test_serve import command, environment


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of wheels, packed again from the libraries that are installed here."""
    directory = tmp_path_factory.mktemp("wheels")
    for library in needed_libraries(handler_closure().others, libraries_here(), LEFT_OUT_LIBRARIES).values():
        pack(library, directory)
    return directory


@pytest.fixture
def lock(wheels: Path, tmp_path: Path) -> Path:
    """A lock file of these wheels and of a library that the package has no use for."""
    path = tmp_path / "lock.txt"
    entries = [entry(wheel) for wheel in sorted(wheels.iterdir())]
    path.write_text("\n".join(["# made for this test", *entries, f"unwanted==1.0 \\\n    --hash=sha256:{'0' * 64}\n"]))
    return path


def pack(library: Distribution, directory: Path) -> None:
    """Write the wheel of an installed library."""
    tags = re.findall("^Tag: (.*)$", library.read_text("WHEEL") or "", re.MULTILINE)
    wheel = directory / f"{library.name.replace('-', '_')}-{library.version}-{tags[0]}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in library.files or ():
            if file.parts[0] != ".." and file.suffix != ".pyc":
                archive.write(Path(str(library.locate_file(file))), file.as_posix())


def entry(wheel: Path) -> str:
    name, version, *_ = wheel.name.split("-")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return (
        f'{name}=={version} ; python_version >= "3.11" \\\n    --hash=sha256:{"1" * 64} \\\n    --hash=sha256:{digest}'
    )


def run_package(lock: Path, wheels: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    """Run `api package` where pip knows these wheels and nothing else."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(  # noqa: S603 - our own program
        command("api", "package", str(target), "--lock", str(lock)),
        env=environment("sqlite://", **offline),
        capture_output=True,
        text=True,
        check=False,
    )


def test_libraries_come_as_the_lock_file_names_them(lock: Path, wheels: Path, tmp_path: Path, package: Path) -> None:
    """The same versions make the very zip that this environment makes; stderr says where they come from."""
    ran = run_package(lock, wheels, tmp_path / "locked.zip")

    assert (0, "") == (ran.returncode, ran.stdout), ran.stderr
    assert f"libraries in the versions of {lock}" in ran.stderr
    assert package.read_bytes() == (tmp_path / "locked.zip").read_bytes()


def test_a_library_with_another_hash_is_refused(lock: Path, wheels: Path, tmp_path: Path) -> None:
    """A library with another hash is refused, and nothing is written."""
    lock.write_text(re.sub(r"(platformdirs.*\n.*\n.*sha256:)\w+", rf"\g<1>{'2' * 64}", lock.read_text()))

    ran = run_package(lock, wheels, tmp_path / "out.zip")

    assert 2 == ran.returncode
    assert "platformdirs" in ran.stderr
    assert "hash" in ran.stderr.lower()
    assert not (tmp_path / "out.zip").exists()


def test_a_library_that_the_lock_file_lacks_is_named(lock: Path, wheels: Path, tmp_path: Path) -> None:
    """With how to get a lock file that has it, and how to do without."""
    lock.write_text(re.sub(r"pydantic[-_]core.*\n.*\n.*\n", "", lock.read_text()))

    ran = run_package(lock, wheels, tmp_path / "out.zip")

    assert 2 == ran.returncode
    assert "does not name pydantic-core" in ran.stderr
    assert "--installed" in ran.stderr


def test_what_is_no_lock_file_is_refused(wheels: Path, tmp_path: Path) -> None:
    """The error names the file, for example pyproject.toml."""
    other = tmp_path / "pyproject.toml"
    other.write_text("[project]\nname = 'commercive'\n")

    ran = run_package(other, wheels, tmp_path / "out.zip")

    assert 2 == ran.returncode
    assert f"{other} is not a lock file" in ran.stderr


def test_a_lock_file_and_the_installed_versions_exclude_each_other(lock: Path, tmp_path: Path) -> None:
    """Exit code 2, rather than one of the two ignored."""
    ran = subprocess.run(  # noqa: S603 - our own program
        command("api", "package", "out.zip", "--lock", str(lock), "--installed"),
        env=environment("sqlite://"),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert 2 == ran.returncode
    assert "contradict each other" in ran.stderr
