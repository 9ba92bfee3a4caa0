"""Requests of persons: everything the tables hold about somebody, exported or erased."""
