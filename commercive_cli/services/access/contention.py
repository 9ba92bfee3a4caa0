"""How often a conditional write is tried while others change the same items."""

TRIES = 50
"""After so many tries Unavailable is raised, and nothing is written."""
