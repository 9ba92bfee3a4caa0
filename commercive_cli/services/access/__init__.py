"""How services read and fill tables: look-up by id, paging, whole-table scans, parallel reads, conditional inserts."""
