"""Whether the traces here are a choice that somebody made, so that no count of them says how many there were."""

import duckdb


def is_tail_sampled(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether a collector left word of it: on spans, or on their scopes."""
    [(spans, scopes)] = cursor.execute(
        """
        SELECT
          EXISTS (SELECT 1 FROM key_catalog WHERE starts_with(key, 'tailsampling.')),
          EXISTS (SELECT 1 FROM scopes WHERE contains(attributes, '"tailsampling.'))
        """
    ).fetchall()
    return bool(spans or scopes)
