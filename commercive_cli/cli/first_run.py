"""What a new user is told: how to try the program, and how to connect it to a store."""

from pathlib import Path

from commercive_cli.domain.errors import Misconfigured


class FirstRun(Misconfigured):
    """No store is named, and there is none where one is looked for unasked; `ways` are the lines that say what to do.

    `profile` is one that the config file has, when none is chosen.
    """

    def __init__(self, path: Path, profile: str | None = None) -> None:
        super().__init__(f"no store yet ({_short(path)})")
        chosen = f"--profile {profile}" if profile else "--store dynamodb://eu-west-1"
        self.ways = (
            "  Try it with demo data:  commercive tables create --seed",
            f"  Connect to yours:       commercive {chosen} whoami",
        )


def _short(path: Path) -> str:
    """Return the path with `~` for the user's own directory."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
