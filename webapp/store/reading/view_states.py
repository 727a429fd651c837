"""States of a page that are too long for an address, under a short id: the same text has the same id.

They hold nothing that cannot be clicked together again, so only the last ones are kept.
"""

from hashlib import sha256

import duckdb

MOST_STATES = 1_000
_ID_DIGITS = 12


def keep(writer: duckdb.DuckDBPyConnection, text: str) -> str:
    """The id of the text. Of more than MOST_STATES the oldest go."""
    kept = sha256(text.encode()).hexdigest()[:_ID_DIGITS]
    if find(writer, kept) is not None:
        return kept
    writer.execute(
        "INSERT INTO view_states SELECT ?, coalesce(max(number), 0) + 1, ? FROM view_states", [kept, text]
    )
    writer.execute(
        "DELETE FROM view_states WHERE number <= (SELECT max(number) FROM view_states) - ?", [MOST_STATES]
    )
    return kept


def find(cursor: duckdb.DuckDBPyConnection, wanted: str) -> str | None:
    """None for an id that is not known, or no longer."""
    found = cursor.execute("SELECT text FROM view_states WHERE id = ?", [wanted]).fetchone()
    return found[0] if found else None
