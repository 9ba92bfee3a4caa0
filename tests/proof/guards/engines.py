"""Which modules of the engines guard items: how they are read and written, and what becomes of it when that fails."""

from pathlib import PurePosixPath

from tests.proof.guards.sources import PACKAGE, Module

ENGINES, STORE = f"{PACKAGE}/engines/", f"{PACKAGE}/store/"
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


def is_about_items(module: Module) -> bool:
    """Return whether a module of an engine is about items; any that is not named here is."""
    return module.path.startswith(ENGINES) and not PurePosixPath(module.path).name.startswith(_OTHERS)
