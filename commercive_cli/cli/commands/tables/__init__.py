"""`commercive tables`: the operators' commands for the tables."""

SUBJECTS = ("lifecycle", "mend", "schema", "data", "person", "retention", "adopt")
"""The modules with the commands, in the order of the help."""
