"""Mistakes in the config file are reported with file, line and key."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.config_check import mistakes_of
from commercive_cli.settings.config_file import Profile, examined, parse_config, read_config
from commercive_cli.settings.places import config_path

PATH = Path("/etc/c.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profiles.dev]\nstor = 'x'", "/etc/c.toml line 2: unknown key 'stor' (did you mean store?)"),
        ("\ndefault_profle = 'x'", "/etc/c.toml line 2: unknown key 'default_profle' (did you mean default_profile?)"),
        ("[profiles.a]\nactor='x'\n[profiles.b]\nread_onyl = true", "line 4: unknown key 'read_onyl'"),
        ("profiles.a.read_onyl = true", "line 1: unknown key 'read_onyl'"),
        ("[profiles.dev]\nprotected = 'yes'", "line 2: profiles.dev.protected must be true or false"),
        ("[profiles.dev]\nactor = 7", "line 2: profiles.dev.actor must be text in quotes"),
        ("[profiles.dev]\nceiling = 'much'", "line 2: profiles.dev.ceiling must be an amount in USD such as 500.00"),
        ("[profiles.dev]\nceiling = ''", "line 2: profiles.dev.ceiling must be an amount"),
        ("[profiles.dev]\nceiling = true", "line 2: profiles.dev.ceiling must be an amount"),
        ("[profiles.dev]\nceiling = -1", "line 2: profiles.dev.ceiling must be an amount"),
        ("[profiles.dev]\nceiling = 10.005", "line 2: profiles.dev.ceiling must be an amount"),
        ("profiles = 3", "line 1: profiles must be a table such as [profiles.prod]"),
        (f"a = {'9' * 5_000}", "/etc/c.toml is not valid TOML: a number in it is too long to be read"),
        (f"a = 1e{'9' * 30}", "/etc/c.toml is not valid TOML: a number in it is too long to be read"),
        (f"a = {'[' * 5_000}", "/etc/c.toml is not valid TOML: "),
        (f"{'a.' * 5_000}b = 1", "/etc/c.toml line 1: unknown key 'a'"),
        ("[profiles.dev\n", "/etc/c.toml is not valid TOML"),
        ("# x\nprofiles = { dev = { stor = 'x' } }", "line 2: unknown key 'stor'"),
        ("[profiles]\ndev = { stor = 'x' }", "line 2: unknown key 'stor'"),
        ("[profiles]\ndev.stor = 'x'", "line 2: unknown key 'stor'"),
        ("['profiles'.\"d.e\"]\r\n'stor' = 'x'\r\n", "line 2: unknown key 'stor'"),
        ("[profiles.a]\nactor = 'x'\n[profiles.b]\nactor = 7", "line 4: profiles.b.actor must be text"),
        ("[profiles.a]\nactor = [\n7]", "line 1: profiles.a.actor must be text"),
    ],
)
def test_a_mistake_names_file_line_and_key(text: str, says: str) -> None:
    """The error names the file, the line and the key."""
    with pytest.raises(Invalid) as refusal:
        parse_config(text, PATH)

    assert says in refusal.value.message


def test_syntax_errors_name_the_line() -> None:
    """A syntax error is reported with its line."""
    with pytest.raises(Invalid, match="at line 2"):
        parse_config("a = 1\nb = @\nc = 2", PATH)


LONG = "k" * 5_000


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} = 1\n{LONG} = 2",
        f"[{LONG}]\n[{LONG}]",
        f"a = {{ {LONG} = 1, {LONG} = 2 }}",
        f"a.{LONG}.b = 1\n[a.{LONG}]\nb = 2",
        f"{LONG} = 1",
        f"[{LONG}.a]\nb = 1",
        f"[profiles.{LONG}]\nactor = 7",
        f"[profiles.{LONG}]\nstore = 'ftp://x'",
        f"[profiles.a]\nstore = 'ftp://{LONG}'",
        f"default_profile = 'x'\n[profiles.{LONG}]",
        f"default_profile = '{LONG}'",
        f"[business_hours]\nzone = '{LONG}'",
        f"[business_hours]\ndays = ['{LONG}']",
        f"[business_hours]\nfrom = '{LONG}'",
    ],
)
def test_no_mistake_repeats_more_than_80_characters(text: str) -> None:
    """Neither of a key nor of a value nor of a profile's name, whether the parser finds it or who reads the values."""
    [mistake, *_] = mistakes_of(examined(text, PATH))

    assert LONG[:80] not in mistake.problem


def test_every_mistake_is_found_and_the_rest_counts() -> None:
    """One mistake does not hide another, nor what is right."""
    contents = examined("[profiles.a]\nactor = 7\nstore = 'x'\n[profiles.b]\nstor = 'x'\n[profiles]\nc = 3\n", PATH)

    assert [("profiles", "a", "actor"), ("profiles", "b", "stor"), ("profiles", "c")] == [
        mistake.keys for mistake in contents.mistakes
    ]
    assert {"a": Profile(store="x"), "b": Profile()} == contents.config.profiles


def test_no_file_is_an_empty_file(tmp_path: Path) -> None:
    """A missing config file is not an error."""
    config = read_config(tmp_path / "missing.toml")

    assert (config.default_profile, config.profiles) == (None, {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A directory in the file's place, or a file that is not UTF-8, is reported in a sentence."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"caf\xe9")

    with pytest.raises(Invalid, match="cannot be read"):
        read_config(tmp_path)
    with pytest.raises(Invalid, match="not UTF-8"):
        read_config(binary)


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf[profiles.a]\r\n", "[profiles.a]\n".encode("utf-16")])
def test_a_file_in_another_encoding_is_read(tmp_path: Path, raw: bytes) -> None:
    """A byte order mark, UTF-16 and CRLF mean here what they mean in every other file."""
    (tmp_path / "config.toml").write_bytes(raw)

    assert ["a"] == list(read_config(tmp_path / "config.toml").profiles)


def test_the_file_can_be_elsewhere() -> None:
    """COMMERCIVE_CONFIG is the path; without it, the file is in the user's config directory."""
    assert Path("/x/y.toml") == config_path({"COMMERCIVE_CONFIG": "/x/y.toml"})
    assert config_path({}).name == "config.toml"


def test_a_file_without_end_is_no_config_file() -> None:
    """A device is read no further than such a file may be long."""
    with pytest.raises(Invalid, match="/dev/zero is not read: it is larger than 1,000,000 bytes"):
        read_config(Path("/dev/zero"))
