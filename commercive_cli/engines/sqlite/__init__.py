"""The store in one SQLite file: connections, statements, damaged rows, backups."""
