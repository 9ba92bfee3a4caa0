"""Libraries by the lock file: in its versions, with its hashes, for the runtime, or not at all."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.deploy.downloads import fetch_wheels
from commercive_cli.api.deploy.libraries import needed_libraries
from commercive_cli.api.deploy.lock import LOCK, entries_for, read_lock
from commercive_cli.api.deploy.package import assembled, handler_closure
from commercive_cli.api.deploy.runtimes import DEFAULT, Runtime, runtime_of
from commercive_cli.api.deploy.wheels import Wheel
from commercive_cli.domain.errors import Invalid, Unavailable
from tests import preloaded
from tests.api.deploy.wheels import IMPORTED, NATIVE, compiled, lock_of, tiny, tiny_world
from tests.api.http.test_serve import environment

BLOCKED = "import sys; sys.modules['pip'] = None; from commercive_cli.__main__ import main; sys.exit(main())"


class Packager:
    """Runs `api package` where pip knows the wheels of a directory and nothing else."""

    def __init__(self, directory: Path) -> None:
        self.wheels = directory / "wheels"
        self.wheels.mkdir()
        self.target = directory / "api.zip"
        self.lock = directory / "lock.txt"
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": "/dev/null"}
        self.environment = environment("sqlite://", **offline)

    def __call__(self, *options: str) -> tuple[int, str]:
        """Return the exit code, and what was said on stderr; on stdout nothing is."""
        line = ["api", "package", str(self.target), "--lock", str(self.lock), *options]
        code, out, err = preloaded.run(line, self.environment, seconds=120)
        assert b"" == out
        return code, err.decode()

    def fetch(self, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Wheel]:
        """Fetch one library in this process, for the default runtime."""
        for variable, value in self.environment.items():
            monkeypatch.setenv(variable, value)
        entries = entries_for(self.lock, DEFAULT.environment)
        return fetch_wheels({name}, entries, DEFAULT, self.target.parent)

    def refused(self, *options: str) -> tuple[int, str]:
        """Return the exit code and the error of a run that fails, which leaves nothing behind."""
        code, said = self(*options)
        assert not [each for each in self.target.parent.iterdir() if each.name.startswith("api.zip")]
        return code, said.splitlines()[-1]


@pytest.fixture
def packager(tmp_path: Path) -> Packager:
    """Everything that a package for x86_64 needs."""
    found = Packager(tmp_path)
    tiny_world(found.wheels, "x86_64")
    lock_of(found.wheels, found.lock)
    return found


def manifest_of(package: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(zipfile.ZipFile(package).read("commercive-package.json"))
    return manifest


def test_a_package_is_made_for_any_runtime_on_any_machine(tmp_path: Path) -> None:
    """Requirements count for the runtime, not for this machine; the same things make the same bytes.

    The template takes the runtime from the package.
    """
    packager, runtime = Packager(tmp_path), runtime_of("3.14", "arm64")
    tiny_world(packager.wheels, "aarch64")
    lock_of(packager.wheels, packager.lock)

    code, said = packager("--python", "3.14", "--arch", "arm64")

    assert 0 == code, said
    assert "api.zip: " in said
    manifest = manifest_of(packager.target)
    assert ("0.1.0", "3.14", "arm64") == (manifest["version"], manifest["python"], manifest["architecture"])
    names = [library["name"] for library in manifest["libraries"]]
    assert ["aws-lambda-powertools", "botocore", "cffi", "cryptography", "only-arm", "platformdirs"] == names[:6]
    assert ["pydantic", "pydantic-core", "pyjwt", "six"] == names[6:]
    assert all(library["sha256"] in packager.lock.read_text() for library in manifest["libraries"])

    inside = zipfile.ZipFile(packager.target).infolist()
    assert {(1980, 1, 1, 0, 0, 0)} == {each.date_time for each in inside}
    assert sorted(each.filename for each in inside) == [each.filename for each in inside]
    wheels = {wheel.name: wheel for wheel in map(Wheel, packager.wheels.glob("*.whl"))}
    needed = needed_libraries(IMPORTED, lambda names: {name: wheels[name] for name in names}, runtime.environment)
    assert packager.target.read_bytes() == assembled(handler_closure(), needed.values(), runtime)[0]

    line = ["api", "template", "--package", str(packager.target)]
    function = json.loads(preloaded.run(line, packager.environment, seconds=60)[1])["Resources"]["ApiFunction"]
    assert ("python3.14", ["arm64"]) == tuple(function["Properties"][name] for name in ("Runtime", "Architectures"))


def test_a_library_with_another_hash_is_refused(packager: Packager) -> None:
    """By its name; what was at the place stays."""
    packager.lock.write_text(
        re.sub(r"(pydantic==.*\n.*\n.*sha256:)\w+", rf"\g<1>{'2' * 64}", packager.lock.read_text())
    )
    packager.target.write_text("the one before")

    code, said = packager()

    assert 2 == code
    assert said.endswith("pydantic==1.0: pip found a file with another hash than the lock file has; do not use it\n")
    assert "the one before" == packager.target.read_text()


def test_builds_that_the_runtime_cannot_load_are_named(packager: Packager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Musl, and a glibc newer than its own, are no builds for it, though pip finds them."""
    next(packager.wheels.glob("cryptography*")).unlink()
    there = [
        tiny(packager.wheels, "cryptography", tags=f"cp311-abi3-{platform}_x86_64").name
        for platform in ("manylinux_2_39", "musllinux_1_2")
    ]
    lock_of(packager.wheels, packager.lock)

    with pytest.raises(Invalid) as refused:
        packager.fetch("cryptography", monkeypatch)

    begin = "no wheel of cryptography==1.0 runs on python3.13 on x86_64 (glibc 2.34); "
    assert refused.value.message == f"{begin}there is {', '.join(there)}"


def test_a_build_that_says_it_runs_there_and_does_not_is_refused(
    packager: Packager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tags are right and its hash is locked, so pip takes it."""
    files = {"cryptography/_rust.abi3.so": compiled(needs=b"GLIBC_2.38\0")}
    tiny(packager.wheels, "cryptography", tags=f"{NATIVE}_x86_64", files=files)
    lock_of(packager.wheels, packager.lock)

    with pytest.raises(Invalid, match=r"_x86_64\.whl does not run on .*_rust\.abi3\.so needs glibc 2\.38"):
        packager.fetch("cryptography", monkeypatch)


def test_a_registry_that_cannot_be_reached_may_be_later(packager: Packager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 75; pip's own settings say which registry. One without the library is an error of the input."""
    next(packager.wheels.glob("six*")).unlink()
    with pytest.raises(Invalid, match=r"runs on python3\.13 on x86_64 \(glibc 2\.34\); pip finds none at all$"):
        packager.fetch("six", monkeypatch)

    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_INDEX": ""}
    packager.environment.update(away, PIP_EXTRA_INDEX_URL="")
    with pytest.raises(Unavailable, match=r"see its settings, or try again later: Could not fetch URL http://127"):
        packager.fetch("six", monkeypatch)


def test_a_python_without_pip_says_how_to_get_it(packager: Packager) -> None:
    """Exit code 78: something has to be set up first."""
    line = [sys.executable, "-c", BLOCKED, "api", "package", str(packager.target), "--lock", str(packager.lock)]

    ran = subprocess.run(line, env=packager.environment, capture_output=True, text=True, check=False)  # noqa: S603

    assert 78 == ran.returncode
    assert ran.stderr.endswith(f"run {sys.executable} -m ensurepip\n")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("pydantic==1.0 --hash=sha256:00\n", r"the lock file does not name .*botocore.*; renew it"),
        ("[project]\nname = 'commercive'\n", "is not a lock file"),
        (b"\xff\xfe", "is not a lock file"),
    ],
)
def test_a_lock_file_that_does_not_do_is_refused(text: str | bytes, error: str, packager: Packager) -> None:
    """Before pip is asked for anything; the error names what is missing."""
    packager.lock.write_bytes(text if isinstance(text, bytes) else text.encode())

    code, said = packager.refused()

    assert 2 == code
    assert re.search(error, said)


@pytest.mark.parametrize("place", [".", "missing/api.zip", "/dev/null"])
def test_a_place_where_no_file_can_be_is_refused_at_once(place: str, packager: Packager) -> None:
    """Before anything is fetched; a device stays one."""
    packager.target = packager.target.parent / place

    code, said = packager()

    assert 2 == code
    assert said.startswith(f"commercive: {packager.target} cannot be written: it is no file, or its directory")
    assert 1 == said.count("\n")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("options", [("--python", "3.11"), ("--python", "3.15"), ("--arch", "i386")])
def test_a_runtime_that_lambda_does_not_have_is_refused(options: tuple[str, str], packager: Packager) -> None:
    """With those that it has."""
    code, said = packager.refused(*options)

    assert 2 == code
    assert "choose" in said


def test_the_lock_file_of_the_program_has_what_the_handler_needs(here: Runtime) -> None:
    """It is part of the program, so that an installed one packages the same."""
    locked = {entry.name for entry in read_lock(LOCK) if entry.holds(here.environment)}

    assert {"botocore", "cffi", "cryptography", "pydantic-core", "pyjwt", "urllib3"} <= locked
