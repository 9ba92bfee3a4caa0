"""Doors of small files: decisions about leads, canned replies, and packages to deploy."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st

from commercive_cli.api.deploy.manifest import NAME as PACKAGE_MANIFEST
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import at_home
from tests.proof.hostile.odd import BYTES, TEXTS, VALUES, damaged, json_of

_COLUMNS = ["lead_id", "decision", "commission_amount", "rejection_reason", "admin_notes", "revision", "lead_name", ""]
_CELLS = [
    "",
    "approve",
    "REJECT",
    "Approved",
    "5",
    "12,50",
    "1.234,50",
    "1,000",
    "-1",
    "0.001",
    "1e3",
    "=1+1",
    "'5",
    "$5",
    "\u0665",
]


@contextmanager
def decisions() -> Iterator[Room]:
    """Open `leads decide` to any file."""
    with at_home() as home:
        path = home.directory / "d.csv"
        leads = [home.world.pending, home.world.approved, home.world.rejected, "nobody"]

        def attempt(given: tuple[bytes, tuple[str, ...]]) -> None:
            content, options = given
            home.restore()
            for beside in home.directory.glob("d.csv*"):
                beside.unlink()
            path.write_bytes(content)
            ran = home.tried("leads", "decide", "d.csv", *options)
            assert path.read_bytes() == content, "the file of decisions was changed"
            if ran.code == 2:
                assert "d.csv" in ran.err
                home.refused_writes_nothing(ran)

        options = st.sampled_from([("--yes",), ("--yes", "--despite-flags"), ("--dry-run",), ("--yes", "-o", "json")])
        yield Room(st.tuples(_csvs(leads), options), attempt)


def _csvs(leads: list[str]) -> st.SearchStrategy[bytes]:
    cells = st.sampled_from(leads + _CELLS) | TEXTS
    ordered = (
        st.permutations(_COLUMNS).map(lambda names: names[:6])
        | st.lists(st.sampled_from(_COLUMNS) | TEXTS, max_size=8)
        | st.just(_COLUMNS[:4])
    )
    plain = st.tuples(
        st.sampled_from(leads),
        st.sampled_from(["approve", "reject", ""]),
        st.sampled_from(_CELLS),
        st.sampled_from(["", "no"]),
    ).map(list)
    tables = st.tuples(ordered, st.lists(plain | st.lists(cells, max_size=8), max_size=6))
    ways = st.tuples(
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["\r\n", "\n", "\r"]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]),
    )
    written = st.builds(_written, tables, ways)
    return (
        written
        | damaged(written)
        | BYTES
        | st.builds(
            lambda head, row, times: head + row * times,
            st.just(b"lead_id,decision,commission_amount\n"),
            st.sampled_from([b"x,approve,5\n", b'"', b",,,\n", b"a,b,c,d\n"]),
            st.sampled_from([2, 2_000, 12_000]),
        )
    )


def _written(table: tuple[list[str], list[list[str]]], way: tuple[str, str, str]) -> bytes:
    delimiter, end, encoding = way
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([table[0], *table[1]])
    return out.getvalue().encode(encoding, "replace")


_REPLIES = st.sampled_from(
    [
        "{{name}}",
        "{{store_url}} {{user_id}}",
        "{{ agent }}",
        "{{",
        "}}",
        "{{{{x}}}}",
        "{{a.b}}",
        "{{" * 30_000,
        "{{a}}" * 20_000,
        "{{" + "a" * 50_000,
    ]
)


@contextmanager
def templates() -> Iterator[Room]:
    """Open what reads canned replies, and packages to deploy."""
    with at_home() as home:
        directory = home.directory / "templates"
        directory.mkdir()
        package = home.directory / "p.zip"
        lines: list[tuple[str, ...]] = [
            ("chat", "templates", "list"),
            ("chat", "templates", "check"),
            ("chat", "templates", "show", "one", "-o", "json"),
            ("chat", "templates", "render", "one", home.world.open, "--var", "name=x"),
            ("chat", "reply", home.world.open, "--template", "one", "--var", "name=x"),
            ("api", "template", "--package", "p.zip"),
        ]

        def attempt(given: tuple[bytes, bytes, tuple[str, ...]]) -> None:
            text, zipped, line = given
            home.restore()
            (directory / "one.txt").write_bytes(text)
            package.write_bytes(zipped)
            ran = home.tried(*line)
            if ran.code == 2:
                home.refused_writes_nothing(ran)

        texts = (_REPLIES | TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass")) | BYTES
        yield Room(st.tuples(texts, _packages(), st.sampled_from(lines + lines[-1:] * 4)), attempt)


def _packages() -> st.SearchStrategy[bytes]:
    manifests = st.dictionaries(
        st.sampled_from(["python", "architecture", "libraries", "bytecode", "version"]),
        st.sampled_from(["3.13", "x86_64", "arm64", "9.9"]) | VALUES,
        max_size=5,
    ).map(lambda told: json_of(told).encode())
    names = st.sampled_from([PACKAGE_MANIFEST, PACKAGE_MANIFEST, "x/../" + PACKAGE_MANIFEST, "y"])
    return st.builds(_zipped, names, manifests | BYTES) | damaged(st.builds(_zipped, names, manifests)) | BYTES


def _zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


DOORS = (
    Door("decisions", "files of decisions are decided or refused with file and line, and never changed", decisions),
    Door("templates", "canned replies and packages are read or refused", templates),
)
