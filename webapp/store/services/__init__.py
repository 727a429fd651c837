"""How services, operations and processes do, from sums."""
