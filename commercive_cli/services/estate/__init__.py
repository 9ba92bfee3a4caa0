"""The tables as an estate: compared with what is declared, brought in line, backed up and restored."""
