"""Spans and facts into the tables: encoding, names, keys, sums. Nothing here answers a question."""
