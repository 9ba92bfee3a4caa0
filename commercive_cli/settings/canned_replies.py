"""Where canned replies live: one text file each, in `templates` beside the config file."""

from collections.abc import Mapping
from pathlib import Path

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.config_file import config_path

SUFFIX = ".txt"


def template_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of the user's canned replies."""
    return config_path(environ).parent / "templates"


def template_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the canned replies there are."""
    return sorted(path.stem for path in template_directory(environ).glob(f"*{SUFFIX}"))


def read_template(environ: Mapping[str, str], name: str) -> str:
    """Return the text of a canned reply; raise Invalid, naming the nearest, when there is none of that name."""
    names = template_names(environ)
    directory = template_directory(environ)
    if name not in names:
        place = directory / f"NAME{SUFFIX}"
        raise Invalid(
            f"there is no template {name!r}{suggestion(name, names)}; templates are {place}", field="template"
        )
    path = directory / f"{name}{SUFFIX}"
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not UTF-8 text", field="template") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", field="template") from None
