"""Exports and erasures of everything that the tables hold about one person."""
