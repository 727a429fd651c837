"""One trace out of the tables: its spans, columns, log lines, links, and what is usual for its operations."""
