"""Adoption: what the backend before this one holds, brought into this one's tables, as often as it is wanted."""
