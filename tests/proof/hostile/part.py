"""Hostile input at every door: whatever comes in, the answer is documented, inert, and costs what its size allows."""

from tests.proof.hostile import (
    api_doors,
    cursor_doors,
    file_doors,
    line_doors,
    settings_doors,
    store_doors,
    transfer_doors,
)
from tests.proof.hostile.door import Door, findings, for_minutes
from tests.proof.parts import Findings, Part

_SUBJECTS = (api_doors, cursor_doors, line_doors, settings_doors, file_doors, transfer_doors, store_doors)
DOORS: tuple[Door, ...] = tuple(door for subject in _SUBJECTS for door in subject.DOORS)
BY_NAME = {door.name: door for door in DOORS}


def prove(minutes: float, seed: int) -> Findings:
    """Send as many inputs as there is time for through all doors, in turn."""
    return findings(for_minutes(DOORS, minutes, seed))


PART = Part("hostile", "input that nobody expects, at every door, with bounds of time and memory", prove)
