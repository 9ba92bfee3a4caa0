"""Which modules below the services guard items: how they are read and written, and what becomes of that if it fails."""

from pathlib import PurePosixPath

from tests.proof.guards.sources import PACKAGE, Module

ENGINES = f"{PACKAGE}/engines/"
_CHECKS = tuple(f"{PACKAGE}/store/{name}.py" for name in ("cursor", "items", "limits"))
"""What both engines refuse alike."""

_OTHERS = (
    "archive",
    "backup",
    "credential",
    "endpoint",
    "further_settings",
    "live_source",
    "read_rate",
    "replacement",
    "s3",
    "signing",
    "table_administration",
    "table_changes",
    "table_definitions",
    "table_description",
    "visibility",
)
"""How the names of modules begin that are about something else: tables as such, copies of them, and who asks."""


def refuses_items(module: Module) -> bool:
    """Return whether a module refuses items or places among them."""
    return is_about_items(module) or module.path in _CHECKS


def is_about_items(module: Module) -> bool:
    """Return whether a module of an engine is about items; any that is not named here is."""
    return module.path.startswith(ENGINES) and not PurePosixPath(module.path).name.startswith(_OTHERS)
