"""Commands that edit the config file change one thing in it and nothing else."""

import os
import threading
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid, Misconfigured, NotFound
from commercive_cli.settings.config_edit import set_value, unset_value, use_profile
from commercive_cli.settings.config_file import Profile, read_config

FILE = '# mine\n[profiles.dev]\nstore = "sqlite:///dev.db"  # local\n'
ACTOR = ("profiles", "b", "actor")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def test_a_new_file_gets_the_profile(tmp_path: Path) -> None:
    """The first `config set` makes directory, file and profile, readable by their owner alone."""
    path = tmp_path / "new" / "config.toml"
    set_value(path, ("profiles", "dev", "store"), "sqlite:///a.db")

    assert {"dev": Profile(store="sqlite:///a.db")} == read_config(path).profiles
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_order_survive(path: Path) -> None:
    """Comments and the other lines of the file are kept; what is new stands at the end of its table."""
    set_value(path, ("profiles", "dev", "protected"), "true")
    set_value(path, ("profiles", "prod", "actor"), 'q"uote')
    set_value(path, ("default_profile",), "dev")

    assert path.read_text() == (
        '# mine\ndefault_profile = "dev"\n\n[profiles.dev]\nstore = "sqlite:///dev.db"  # local\nprotected = true\n'
        '\n[profiles.prod]\nactor = "q\\"uote"\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '[profiles.a]\nactor = "x"\n[profiles.b]\nactor = "y" # me\n',
            '[profiles.a]\nactor = "x"\n[profiles.b]\nactor = "z" # me\n',
        ),
        (
            'profiles = { b = { actor = "y", protected = true } } # all\n',
            'profiles = { b = { actor = "z", protected = true } } # all\n',
        ),
        ("[profiles]\nb = { protected = true }\n", '[profiles]\nb = { protected = true, actor = "z"}\n'),
        ("profiles = { a = {} } # all\n", 'profiles = { a = {}, b = {actor = "z"}} # all\n'),
        ('profiles.b.actor = "y"\n', 'profiles.b.actor = "z"\n'),
        ('["profiles"."b"]\n"actor" = \'y\'\n', '["profiles"."b"]\n"actor" = "z"\n'),
        ("[profiles.b]\r\n# a\r\nprotected = true\r\n", '[profiles.b]\r\n# a\r\nprotected = true\r\nactor = "z"\r\n'),
        ('# a\r\n[profiles.a]\nactor = "x"', '# a\r\n[profiles.a]\nactor = "x"\n[profiles.b]\nactor = "z"\n'),
    ],
)
def test_every_way_to_write_a_profile_is_kept(path: Path, before: str, after: str) -> None:
    """Headers, inline tables, dotted and quoted keys and line ends stay as they are."""
    path.write_bytes(before.encode())
    set_value(path, ACTOR, "z")

    assert after.encode() == path.read_bytes()


def test_what_is_removed_leaves_the_rest(path: Path) -> None:
    """A key goes with its own comment, a profile with its keys."""
    path.write_text(f'{FILE}actor = "me"\n\n# theirs\n[profiles.old]\nread_only = true\n')
    unset_value(path, ("profiles", "dev", "store"))
    unset_value(path, ("profiles", "old"))

    assert '# mine\n[profiles.dev]\nactor = "me"\n\n# theirs\n' == path.read_text()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (("profiles", "dve"), r"does not set profiles\.dve \(did you mean dev\?\)"),
        (("profiles", "dev", "stroe"), r"does not set profiles\.dev\.stroe \(did you mean store\?\)"),
        (("profiles", "dev", "store", "x"), "does not set"),
        (("default_profile",), "does not set default_profile"),
    ],
)
def test_what_is_not_there_cannot_be_removed(path: Path, keys: tuple[str, ...], says: str) -> None:
    """The nearest name that is there is told."""
    with pytest.raises(NotFound, match=says):
        unset_value(path, keys)
    assert FILE == path.read_text()


def test_a_mistake_in_the_file_can_be_mended(path: Path) -> None:
    """What matters is that the file is right afterwards: an unknown key can be removed, a wrong value replaced."""
    path.write_text(f'default_profile = "old"\n{FILE}')
    set_value(path, ("default_profile",), "dev")
    path.write_text(f"{path.read_text()}stroe = 1\n")
    unset_value(path, ("profiles", "dev", "stroe"))

    assert ("dev", {"dev": Profile(store="sqlite:///dev.db")}) == (
        read_config(path).default_profile,
        read_config(path).profiles,
    )


@pytest.mark.parametrize(
    ("text", "keys", "value", "says"),
    [
        (FILE, ("profiles", "dev", "protected"), "yes", r"profiles\.dev\.protected must be true or false, not 'yes'"),
        (FILE, ("profiles", "dev", "ceiling"), "much", r"profiles\.dev\.ceiling must be an amount in USD .*not 'much'"),
        (FILE, ("default_profile",), "dve", r"line 2: default_profile: no profile 'dve' in .*did you mean dev\?"),
        (FILE, ("profiles", "dev", "store"), "mysql://secret", r"line 3: the store URL \(profiles\.dev\.store\) has"),
        (FILE, ("profiles", "new", "dashboard_url"), "x", "dashboard_url .* must be a web address"),
        (f"{FILE}stroe = 1\n", ACTOR, "x", r"line 4: unknown key 'stroe' \(did you mean store\?\)"),
        ("[profiles", ACTOR, "x", "is not valid TOML"),
        ("profiles = 3\n", ACTOR, "x", "profiles must be a table"),
    ],
)
def test_what_would_leave_a_mistake_is_not_written(
    path: Path, text: str, keys: tuple[str, ...], value: str, says: str
) -> None:
    """The whole file is checked as it would be; a refused change leaves it byte for byte."""
    path.write_text(text)

    with pytest.raises(Invalid, match=says):
        set_value(path, keys, value)
    assert (text, [path]) == (path.read_text(), [*path.parent.iterdir()])


def test_the_default_profile_cannot_be_removed(path: Path) -> None:
    """A default that leads nowhere would stop the next command."""
    use_profile(path, "dev")
    before = path.read_text()

    with pytest.raises(Invalid, match="no profile 'dev'"):
        unset_value(path, ("profiles", "dev"))
    assert before == path.read_text()


def test_only_a_profile_can_be_used(path: Path) -> None:
    """The nearest profile is told."""
    with pytest.raises(Invalid, match=r"no profile 'de' in .*did you mean dev\?\); profiles there: dev"):
        use_profile(path, "de")
    assert FILE == path.read_text()


def test_a_link_stays_a_link(tmp_path: Path, path: Path) -> None:
    """Where the file is a link, as into a repository of dotfiles, what it leads to is changed and keeps its mode."""
    path.chmod(0o640)
    link, second = tmp_path / "link.toml", tmp_path / "second.toml"
    second.symlink_to("config.toml")
    link.symlink_to(second)
    set_value(link, ACTOR, "me")

    assert (True, True, "me") == (link.is_symlink(), second.is_symlink(), read_config(path).profiles["b"].actor)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_a_missing_file_makes_it(tmp_path: Path) -> None:
    """A dangling link counts as an empty file at its target."""
    (tmp_path / "link.toml").symlink_to("dotfiles/config.toml")
    set_value(tmp_path / "link.toml", ACTOR, "me")

    assert read_config(tmp_path / "dotfiles/config.toml").profiles["b"].actor == "me"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xef\xbb\xbf[profiles.b]\n", r"begins with a byte order mark \(BOM\)"),
        ("[profiles.b]\n".encode("utf-16"), "is not UTF-8 text, but UTF-16"),
        (b"# caf\xe9\n", "is not UTF-8 text"),
    ],
)
def test_another_encoding_is_named_and_kept(path: Path, content: bytes, says: str) -> None:
    """A file in another encoding than TOML's is not written anew in UTF-8."""
    path.write_bytes(content)

    with pytest.raises(Invalid, match=says):
        set_value(path, ACTOR, "me")
    assert content == path.read_bytes()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, path: Path) -> None:
    """Repeating the command does not help, so the error asks for the file to be set right first."""
    pipe = tmp_path / "directory"
    pipe.symlink_to("/proc/config.toml")
    with pytest.raises(Misconfigured, match=r"directory cannot be written: .*; it stays as it was"):
        set_value(pipe, ACTOR, "me")
    with pytest.raises(Invalid, match="cannot be read: Not a directory"):
        set_value(path / "config.toml", ACTOR, "me")


def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    """What stands in the file's place, such as a pipe or a device, is read and never replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"[profiles.b]",))
    writer.start()
    with pytest.raises(Misconfigured, match="pipe cannot be written"):
        set_value(pipe, ACTOR, "me")
    writer.join()

    assert pipe.is_fifo()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write every file")
def test_a_write_protected_file_is_kept(path: Path) -> None:
    """That its directory allows to replace it does not count."""
    path.chmod(0o440)

    with pytest.raises(Misconfigured, match="cannot be written"):
        set_value(path, ACTOR, "me")
    assert FILE == path.read_text()


def test_nothing_to_change_writes_nothing(path: Path) -> None:
    """Setting what is set already leaves the very same file."""
    before = path.stat()
    set_value(path, ("profiles", "dev", "store"), "sqlite:///dev.db")

    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)
