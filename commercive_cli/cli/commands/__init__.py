"""The groups of commands, one module or package for each."""
