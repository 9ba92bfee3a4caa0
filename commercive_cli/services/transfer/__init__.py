"""Exports and imports of all six tables: lossless files, which are checked before use, and jobs that can be resumed."""
