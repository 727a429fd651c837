"""`/compare` of two sets of traces: why some are slower than others. `page.py` answers."""
