"""How often a conditional write is tried while others change the same items."""

TRIES = 50
"""Then the caller hears Unavailable, with nothing written."""
