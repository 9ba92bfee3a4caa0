"""Doors of settings: the environment, store URLs, and the config file."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from commercive_cli.settings.api_variables import api_variables
from commercive_cli.settings.resolve import VARIABLES
from tests.cli.conftest import Ran
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import at_home
from tests.proof.hostile.odd import BYTES, TEXTS, TYPED, damaged, harmless

_OF_THE_SYSTEM = (
    "COLUMNS",
    "LINES",
    "TERM",
    "TZ",
    "NO_COLOR",
    "FORCE_COLOR",
    "LC_ALL",
    "LANG",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "COMMERCIVE_FORCE_TTY",
    "COMMERCIVE_CONFIG",
    "COMMERCIVE_SECRETS",
    "AWS_REGION",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_ACCESS_KEY_ID",
)
_NAMES = [*VARIABLES.values(), *api_variables(), *_OF_THE_SYSTEM]
_LOOKS: tuple[tuple[str, ...], ...] = (
    ("whoami",),
    ("config", "check"),
    ("config", "show", "-o", "json"),
    ("chat", "list"),
    ("leads", "list", "-o", "csv"),
    ("api", "call", "health"),
    ("api", "call", "admin/leads"),
    ("leads", "approve", "LEAD", "--commission", "5", "--yes"),
)


def _settings() -> st.SearchStrategy[str]:
    known = [
        "1",
        "0",
        "true",
        "jwt",
        "none",
        "120",
        "20",
        "1000",
        "99999",
        "500",
        "sqlite://",
        "sqlite:///",
        "a,b",
        "{}",
        '{"admin": ["*"]}',
        "https://x.example",
        "http://127.0.0.1:1",
        "Europe/Berlin",
        "C",
        "dumb",
        "/dev/null",
        "/dev/full",
        "k" * 32,
    ]
    return st.sampled_from(known) | TYPED.map(harmless)


@contextmanager
def environment() -> Iterator[Room]:
    """Open what the environment sets."""
    with at_home() as home:

        def attempt(given: tuple[dict[str, str], tuple[str, ...]]) -> None:
            variables, line = given
            home.tidy()
            words = (home.world.pending if word == "LEAD" else word for word in line)
            ran = home.tried(*words, environ={**variables, "PAGER": "cat"})
            if ran.code in (2, 78):
                home.refused_writes_nothing(ran)
                assert _is_named(ran), ran.err

        inputs = st.tuples(
            st.dictionaries(st.sampled_from(_NAMES), _settings(), min_size=1, max_size=3), st.sampled_from(_LOOKS)
        )
        yield Room(inputs, attempt)


def _is_named(ran: Ran) -> bool:
    """Return whether a refusal names a variable, or what one of them sets."""
    told = ran.err + ran.out
    return any(each in told for each in ("COMMERCIVE_", "store", "config", "TOML", "terminal", "access log", "ceiling"))


_SPECIAL = ["/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem", "/proc/self/environ", "/", "/dev", "/dev/stdin"]
_URLS = st.one_of(
    st.builds(
        lambda scheme, place, query: scheme + place + query,
        st.sampled_from(
            [
                "sqlite:///",
                "sqlite:////",
                "sqlite://",
                "SQLITE:///",
                "sqlite:",
                "dynamodb://",
                "mysql://",
                "",
                " sqlite:///",
            ]
        ),
        st.sampled_from(
            [
                "",
                "here.db",
                "store.db",
                "no/dir/x.db",
                "fifo",
                "loop",
                "directory",
                "eu-west-1",
                "user:secret@eu-west-1",
                "~nobody/x",
                "~/x",
                "%00",
                "%2e%2e/x",
                ":memory:",
            ]
        )
        | TYPED.map(harmless),
        st.sampled_from(
            [
                "",
                "?",
                "?prefix=x",
                "?prefix=x&prefix=y",
                "?prefix=%00",
                "?endpoint=http://127.0.0.1:1",
                "?endpoint=x",
                "?metadata=2",
                "?x=1",
                "?prefix=" + "a" * 65,
                "?metadata=0&endpoint=https://[::1",
            ]
        )
        | TYPED.map("?prefix={}".format),
    ),
    TYPED.map(harmless),
)


def _is_asked(url: str) -> bool:
    """Return whether a URL may name another machine, which no test asks."""
    return url.strip().lower().startswith("dynamodb")


@contextmanager
def store_urls() -> Iterator[Room]:
    """Open what reads the URL of a store; those of files are opened, too."""
    with at_home() as home:
        os.mkfifo(home.directory / "fifo")
        (home.directory / "loop").symlink_to("loop")
        (home.directory / "directory").mkdir()
        there = _listed(home.directory)

        def attempt(given: tuple[str, str, tuple[str, ...]]) -> None:
            url, way, line = given
            line = ("config", "show") if _is_asked(url) else line
            ran = (
                home.tried("--store", url, *line)
                if way == "option"
                else home.tried(*line, environ={"COMMERCIVE_STORE": url})
            )
            assert ran.code in (0, 2, 4, 5, 75, 78), (ran.code, ran.err)
            assert "secret@" not in ran.err + ran.out
            assert there == _listed(home.directory), "what only reads made a file"

        ways = st.sampled_from(["option", "variable"])
        looks = st.sampled_from(
            [
                ("config", "show"),
                ("chat", "list"),
                ("tables", "list"),
                ("whoami",),
                ("tables", "describe"),
                ("leads", "show", "x"),
            ]
        )
        yield Room(st.tuples(_URLS, ways, looks), attempt)


def _listed(directory: Path) -> list[str]:
    return sorted(
        each.name for each in directory.iterdir() if not each.name.startswith(("store.db", ".cache", ".local"))
    )


_SOUND = b"""default_profile = "dev"
[profiles.dev]
actor = "ann"
ceiling = "500"
access_log = "log"
credentials_wait = 5
[profiles.prod]
protected = true
store = "sqlite:///store.db"
[business_hours]
days = ["Mon"]
from = "09:00"
to = "17:00"
zone = "Europe/Berlin"
[retention]
closed_conversations = "400d"
[commission]
min = 5
max = 900.50
standard = "25.50"
"""
_KEYS = [
    "default_profile",
    "profiles",
    "business_hours",
    "retention",
    "commission",
    "dev",
    "actor",
    "store",
    "ceiling",
    "days",
    "from",
    "zone",
    "min",
    "standard",
    "read_only",
    "credentials_wait",
    "closed_conversations",
]
_TOML_VALUES = [
    "1",
    "-0.0",
    "1e400",
    "nan",
    "inf",
    '"x"',
    '"""\n"""',
    "[]",
    "[[[]]]",
    "{}",
    "{a.b=1}",
    "true",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "0x7f",
    '"\\u0000"',
    '"\\ud800"',
    "9" * 5_000,
    "[" * 2_000 + "]" * 2_000,
    '"sqlite://"',
    '"500"',
]
_TOML = st.lists(
    st.one_of(
        st.builds(
            "{} = {}".format,
            st.lists(st.sampled_from(_KEYS), min_size=1, max_size=3).map(".".join),
            st.sampled_from(_TOML_VALUES),
        ),
        st.builds(
            "[{}]".format,
            st.lists(st.sampled_from(_KEYS) | TEXTS.map(json.dumps), min_size=1, max_size=3).map(".".join),
        ),
        st.builds("{} = {}".format, TEXTS.map(json.dumps), TEXTS.map(json.dumps)),
        st.builds("[[{}]]".format, st.sampled_from(_KEYS)),
        TEXTS,
    ),
    max_size=8,
).map(lambda rows: "\n".join(rows).encode("utf-8", "surrogatepass"))
_CONFIGURED: tuple[tuple[str, ...], ...] = (
    ("config", "check"),
    ("config", "show"),
    ("config", "profiles"),
    ("config", "get", "profiles.dev.actor"),
    ("config", "set", "profiles.dev.actor", "bob"),
    ("config", "set", "commission.standard", "12.50"),
    ("config", "unset", "profiles.dev.ceiling"),
    ("config", "use", "prod"),
    ("--profile", "dev", "whoami"),
    ("chat", "list"),
    ("chat", "report", "--since", "30d"),
    ("tables", "retention"),
    ("leads", "approve", "LEAD", "--commission", "standard", "--yes"),
)


@contextmanager
def config() -> Iterator[Room]:
    """Open what reads and changes the config file."""
    with at_home() as home:
        path = home.directory / "config.toml"

        def attempt(given: tuple[bytes, tuple[str, ...]]) -> None:
            content, line = given
            home.restore()
            path.write_bytes(content)
            ran = home.tried(*(home.world.pending if word == "LEAD" else word for word in line))
            if ran.code in (2, 78):
                home.refused_writes_nothing(ran)
                assert path.read_bytes() == content, "a refused change was written"
            if ran.code == 78:
                assert "config.toml" in ran.err + ran.out or "profile" in ran.err or "store" in ran.err, ran.err

        yield Room(st.tuples(damaged(st.just(_SOUND)) | _TOML | BYTES, st.sampled_from(_CONFIGURED)), attempt)


DOORS = (
    Door("environment", "variables are read or refused by name", environment),
    Door("store-urls", "URLs are read or refused without their secrets; reading makes no file", store_urls),
    Door("config", "config files are read or refused by name, and refused changes leave them", config),
)
