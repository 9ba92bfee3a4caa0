"""The audit: every invariant of the books checked over whole tables, and what is broken repaired where it stands."""
