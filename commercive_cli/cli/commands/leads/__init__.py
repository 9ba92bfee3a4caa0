"""`commercive leads`: the admins' commands for the leads of the affiliate programme."""

SUBJECTS = ("records", "reviewing", "decisions", "reports")
"""The modules with the commands, in the order of the help."""
