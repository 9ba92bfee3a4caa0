"""Fetches wheels for a runtime by pip, which checks their hashes, on whatever machine this is."""

import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from commercive_cli.api.deploy.lock import Entry
from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.api.deploy.wheels import Wheel
from commercive_cli.domain.errors import CommerciveError, Invalid, Misconfigured, Unavailable
from commercive_cli.domain.secrets import redact

_ABSENT = re.compile(r"No matching distribution found for (\S+)")
_PASSED_OVER = re.compile(r"Skipping link: none of the wheel's tags .*/(\S+\.whl)")
_IGNORED = re.compile(r"^WARNING: (The repository .* is being ignored)", re.MULTILINE)
_OTHER_HASH = re.compile(r"^\s+(\S+==\S+).*:\n\s+Expected ", re.MULTILINE)
_MAY_PASS = re.compile(
    r".*(?:Could not fetch URL \S+ (?!404)|HTTP error|[Cc]onnection broken|[Tt]imed out|Errno 28\b|Errno 122\b).*"
)
"""What pip says where a registry cannot be reached, or the disk is full. It tells failures apart by words alone."""

_SHOWN, _LINE = 5, 400


def fetch_wheels(
    names: Collection[str], entries: Mapping[str, Entry], runtime: Runtime, directory: Path
) -> dict[str, Wheel]:
    """Return the wheels of these libraries, in the versions and with the hashes of their entries, in `directory`.

    pip uses its own settings, such as PIP_INDEX_URL or its configuration file. Raises Invalid when there is no entry,
    no wheel for the runtime, or one with another hash; Unavailable when the registry cannot be reached; Misconfigured
    when there is no pip.
    """
    if missing := sorted(names - entries.keys()):
        raise Invalid(f"the lock file does not name {', '.join(missing)}; renew it")
    if not names:
        return {}
    place = Path(mkdtemp(dir=directory))
    _run_pip([entries[name].pinned for name in sorted(names)], runtime, place)
    found = {wheel.name: wheel for wheel in map(Wheel, sorted(place.glob("*.whl")))}
    for wheel in found.values():
        wheel.check(runtime)
    return found


def _run_pip(lines: Collection[str], runtime: Runtime, place: Path) -> None:
    if find_spec("pip") is None:
        raise Misconfigured(f"this Python has no pip, which fetches the libraries; run {sys.executable} -m ensurepip")
    wanted = place / "requirements.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    line = (
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--require-hashes"),
        *("--no-deps", "--only-binary=:all:", "--implementation", "cp"),
        *("--python-version", runtime.python, "--abi", runtime.abi),
        *(word for platform in runtime.platforms for word in ("--platform", platform)),
        *("-d", str(place), "-r", str(wanted)),
    )
    if _said([*line, "-q"]) is not None and (said := _said([*line, "-vv"])) is not None:
        # Only then pip says which builds it passed over, and which registry it could not reach, which takes its time.
        raise _failure(said, runtime)


def _said(line: Sequence[str]) -> str | None:
    """Return what a program says that fails, or None."""
    ran = subprocess.run(  # noqa: S603 - pip of this environment, on a file of ours
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False
    )
    return ran.stdout if ran.returncode else None


def _failure(said: str, runtime: Runtime) -> CommerciveError:
    """Return the error for what pip said."""
    if names := sorted(set(_OTHER_HASH.findall(said))):
        return Invalid(f"{', '.join(names)}: pip found a file with another hash than the lock file has; do not use it")
    if why := _MAY_PASS.search(said):
        return Unavailable(f"pip could not fetch the libraries; see its settings, or try again later: {_line(why[0])}")
    if absent := _ABSENT.search(said):
        return Invalid(
            f"no wheel of {absent[1]} runs on {runtime} (glibc {runtime.dotted_glibc}); {_others(said, absent[1])}"
        )
    return Invalid(f"pip could not fetch the libraries: {_line(said.strip().rpartition(chr(10))[2])}")


def _others(said: str, wanted: str) -> str:
    """Return which builds of a library for Linux pip passed over, by their names, or what it was told to ignore."""
    wheels = [Wheel(Path(name)) for name in sorted(set(_PASSED_OVER.findall(said)))]
    own = [each.path.name for each in wheels if f"{each.name}=={each.version}" == wanted and "linux" in each.path.name]
    ignored = [_line(line) for line in _IGNORED.findall(said)]
    return f"there is {', '.join(own[:_SHOWN])}" if own else "; ".join(["pip finds none at all", *ignored[:1]])


def _line(said: str) -> str:
    return redact(" ".join(said.split()))[:_LINE]
