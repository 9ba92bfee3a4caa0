"""Requests of persons: everything that the tables hold about somebody, collected or erased."""
