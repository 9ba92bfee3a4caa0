"""How services read and write tables: look-up by id, paging, whole-table scans, parallel reads, conditional inserts."""
