"""States of a page that are too long for an address, under a short id: the same text has the same id.

They hold nothing that cannot be clicked together again, so only the last ones are kept.
"""

from hashlib import sha256

import duckdb

MOST_STATES = 1_000
_ID_DIGITS = 12


def state_id(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_ID_DIGITS]


def keep(writer: duckdb.DuckDBPyConnection, text: str) -> None:
    """Of more than MOST_STATES the oldest go. A text that is already here must not be kept again."""
    writer.execute(
        "INSERT INTO view_states SELECT ?, coalesce(max(number), 0) + 1, ? FROM view_states",
        [state_id(text), text],
    )
    writer.execute(
        "DELETE FROM view_states WHERE number <= (SELECT max(number) FROM view_states) - ?", [MOST_STATES]
    )


def find(cursor: duckdb.DuckDBPyConnection, wanted: str) -> str | None:
    found = cursor.execute("SELECT text FROM view_states WHERE id = ?", [wanted]).fetchone()
    return found[0] if found else None
