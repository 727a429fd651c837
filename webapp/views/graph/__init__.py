"""`/graph`: `page` answers, the rest prepares what it shows."""
