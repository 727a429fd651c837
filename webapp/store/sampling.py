"""Whether what is here stands for more than itself, or is a choice that somebody made: then no count of it says how many
there were.
"""

import duckdb

from webapp.store.conditions.catalogue import Catalogue


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


def is_weighted(catalogue: Catalogue) -> bool:
    """Whether any analysed span has a weight that is not 1."""
    return bool(catalogue.rows("SELECT EXISTS (SELECT 1 FROM operation_sums WHERE weighted <> 0)")[0][0])
