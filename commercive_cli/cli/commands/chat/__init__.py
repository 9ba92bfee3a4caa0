"""`commercive chat`: the support staff's commands for conversations."""

SUBJECTS = ("conversations", "states", "messages", "desk", "watch", "overviews", "templates")
"""The modules with the commands, in the order of the help."""
