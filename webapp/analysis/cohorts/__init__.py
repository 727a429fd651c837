"""Two sets of traces: what one is slower by, what sets it apart, and what would be if. Pure; the traces come as arrays."""
