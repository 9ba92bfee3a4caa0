"""Sources of an adoption: the port, which engines implement for live tables, and exports in a directory."""

from commercive_cli.store.legacy_source import LegacySource, LegacyTable

__all__ = ["LegacySource", "LegacyTable"]
