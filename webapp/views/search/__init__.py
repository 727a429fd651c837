"""`/traces` and what belongs to it: `page` answers, the rest prepares what it shows."""
