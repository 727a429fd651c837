"""From spans to findings: repair, critical path, verdict, edges. Pure: no Flask, no DuckDB, no clock, no random."""
