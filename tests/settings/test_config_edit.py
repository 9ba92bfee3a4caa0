"""`config set` changes one line and nothing else."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.config_edit import change_config
from commercive_cli.settings.config_file import Profile, read_config

FILE = '# mine\n[profiles.dev]\nstore = "sqlite:///dev.db"  # local\n'


def test_a_new_file_gets_the_profile(tmp_path: Path) -> None:
    """The first `config set` makes directory, file and profile, readable by their owner alone."""
    path = tmp_path / "new" / "config.toml"
    change_config(path, None, "profiles.dev.store", "sqlite:///a.db")

    assert {"dev": Profile(store="sqlite:///a.db")} == read_config(path).profiles
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_order_survive(tmp_path: Path) -> None:
    """Comments and the other lines of the file are kept."""
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    change_config(path, None, "profiles.dev.protected", "true")
    change_config(path, "prod", "actor", 'q"uote')
    change_config(path, None, "default_profile", "dev")

    assert path.read_text() == (
        'default_profile = "dev"\n# mine\n[profiles.dev]\nprotected = true\nstore = "sqlite:///dev.db"  # local\n'
        '\n[profiles.prod]\nactor = "q\\"uote"\n'
    )


def test_a_value_is_replaced_in_its_own_profile(tmp_path: Path) -> None:
    """The same key of another profile stays as it is."""
    path = tmp_path / "config.toml"
    path.write_text('[profiles.a]\nactor = "x"\n[profiles.b]\nactor = "y"\n')
    change_config(path, "b", "actor", "z")

    assert path.read_text() == '[profiles.a]\nactor = "x"\n[profiles.b]\nactor = "z"\n'


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("profiles.dev.stor", "x", "did you mean store"),
        ("store", "x", "belongs to a profile"),
        ("profiles.dev.protected", "yes", "true or false"),
        ("profiles.dev.ceiling", "much", "must be an amount"),
        ("profiles.d v.store", "x", "belongs to a profile"),
        ("a.default_profile", "x", "no setting"),
    ],
)
def test_what_would_break_the_file_is_not_written(tmp_path: Path, key: str, value: str, says: str) -> None:
    """A refused change leaves the file byte for byte."""
    path = tmp_path / "config.toml"
    path.write_text(FILE)

    with pytest.raises(Invalid, match=says):
        change_config(path, None, key, value)
    assert path.read_text() == FILE
