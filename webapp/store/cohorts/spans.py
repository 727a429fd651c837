"""What is read of the spans of the sampled traces: time by call path, weights, where errors began.

Works on the temporary tables `members` (all traces of both sets) and `cohort` (those looked at) of one cursor.
"""

import duckdb
import numpy as np

from webapp.model.cohorts import F64, ErrorOrigin, PathTimes

_MOST_ORIGINS = 20


def gather_spans(cursor: duckdb.DuckDBPyConnection) -> None:
    """Fills `cohort_spans`, in which spans that have no facts yet are left out."""
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE found_spans AS
        SELECT number, span_row, span_id, parent_id, service_id, resource_id, weight, span_id = root_id AS root
        FROM spans JOIN cohort USING (trace_id);
        CREATE OR REPLACE TEMP TABLE cohort_spans AS
        SELECT found_spans.*, path_id, critical_ns FROM found_spans JOIN span_facts USING (span_row)
        """
    )


def path_times(cursor: duckdb.DuckDBPyConnection) -> PathTimes:
    """A span below one of the same path is no call of its own: recursion, or the other half of a call."""
    found = cursor.execute(
        """
        SELECT
          number, path_id, sum(critical_ns)::BIGINT AS critical_ns,
          count(*) FILTER ((number, parent_id, path_id) NOT IN (SELECT number, span_id, path_id FROM cohort_spans))
            AS calls
        FROM cohort_spans
        GROUP BY number, path_id
        ORDER BY number, path_id
        """
    ).fetchnumpy()
    path_ids, path = np.unique(found["path_id"].astype(np.uint64), return_inverse=True)
    return PathTimes(
        path_ids,
        found["number"].astype(np.int32),
        path.astype(np.int32),
        found["critical_ns"].astype(np.int64),
        found["calls"].astype(np.int64),
    )


def weights(cursor: duckdb.DuckDBPyConnection, traces: int) -> F64:
    """Of each trace that of its primary root; 1 where the root was not received."""
    weight = np.ones(traces)
    found = cursor.execute(
        "SELECT number, max(weight) FROM cohort_spans WHERE root AND weight <> 1 GROUP BY number"
    ).fetchall()
    for number, value in found:
        weight[number] = value
    return weight


def error_origins(cursor: duckdb.DuckDBPyConnection) -> list[ErrorOrigin]:
    """Of all traces of both sets: spans that failed and have no child that did. Most selected traces first."""
    rows = cursor.execute(
        f"""
        WITH failed AS MATERIALIZED (
          SELECT trace_id, selected, span_id, parent_id, operation_id, coalesce(error_message, '') AS message
          FROM spans JOIN members USING (trace_id)
          WHERE status = 2
        ),
        causes AS (
          SELECT * FROM failed
          WHERE (trace_id, span_id) NOT IN (SELECT trace_id, parent_id FROM failed)
        )
        SELECT
          service, name, coalesce(mode(message) FILTER (message <> ''), ''),
          count(DISTINCT trace_id) FILTER (selected) AS inside, count(DISTINCT trace_id) FILTER (NOT selected),
          replace(min(trace_id) FILTER (selected)::VARCHAR, '-', '')
        FROM causes JOIN operations USING (operation_id) JOIN services USING (service_id)
        GROUP BY service, name
        HAVING inside > 0
        ORDER BY inside DESC, service, name
        LIMIT {_MOST_ORIGINS}
        """
    ).fetchall()
    return [ErrorOrigin(*row) for row in rows]
