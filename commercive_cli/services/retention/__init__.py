"""How long conversations are kept: archives of those that were closed long ago, and what a policy would take."""
