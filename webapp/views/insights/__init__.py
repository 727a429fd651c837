"""The page of what stands out over all traces."""
