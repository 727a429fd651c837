"""Calls of databases: system, operation, where, how many rows; the statement laid out if it is SQL."""

import re

from webapp.model import display
from webapp.model.semconv import text_of
from webapp.model.spans import Attributes
from webapp.views.meaning.shape import Meaning, arrow, counted, facts, number_of, pieces
from webapp.views.text import Block, Run
from webapp.views.text.sql import is_sql, laid_out
from webapp.views.trace.values import plain

STATEMENTS = ("db.query.text", "db.statement", "sql.query")
FOLD_LINES = 12
_MOST = 20_000  # characters of a statement that a page carries
_NAMES = {
    "postgresql": "PostgreSQL", "postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite",
    "mssql": "SQL Server", "microsoft.sql_server": "SQL Server", "oracle": "Oracle", "oracle.db": "Oracle",
    "redis": "Redis", "mongodb": "MongoDB", "cassandra": "Cassandra", "elasticsearch": "Elasticsearch",
    "opensearch": "OpenSearch", "dynamodb": "DynamoDB", "aws.dynamodb": "DynamoDB", "memcached": "memcached",
    "clickhouse": "ClickHouse", "cockroachdb": "CockroachDB", "neo4j": "Neo4j", "couchbase": "Couchbase",
    "snowflake": "Snowflake", "duckdb": "DuckDB", "h2": "H2", "spanner": "Spanner", "gcp.spanner": "Spanner",
}  # fmt: skip
_PARAMETER = re.compile(r"db\.(?:query|operation)\.parameter\.(.+)|db\.sql\.parameter\.(.+)")
_MOST_PARAMETERS = 20


def database_meaning(attributes: Attributes) -> Meaning | None:
    system = text_of(attributes, ("db.system.name", "db.system", "db.type"))
    key = next((name for name in STATEMENTS if attributes.get(name)), "")
    statement = plain(attributes[key]) if key else ""
    if not system and not statement:
        return None
    rows = number_of(attributes, ("db.response.returned_rows", "db.row_count", "db.rows_affected"))
    status = text_of(attributes, ("db.response.status_code",))
    summary = text_of(attributes, ("db.query.summary",)) or " ".join(
        filter(None, (text_of(attributes, ("db.operation.name", "db.operation")), _collection(attributes)))
    )
    return Meaning(
        "SQL" if is_sql(statement) else "Database",
        pieces(
            (_NAMES.get(system.lower(), system), "strong"),
            (summary, "code"),
            (f"in {space}" if (space := text_of(attributes, ("db.namespace", "db.name", "db.instance"))) else "", ""),
            (arrow(counted(rows, "row")), ""),
            (arrow(status), "bad" if text_of(attributes, ("error.type",)) else ""),
        ),
        facts(
            ("Batch", counted(number_of(attributes, ("db.operation.batch.size",)), "statement")),
            ("User", text_of(attributes, ("db.user",))),
            ("Server", _server(attributes)),
            *_parameters(attributes),
        ),
        block=_block(statement) if statement else None,
        told=frozenset({key} if key and len(statement) <= _MOST else ()),
    )  # fmt: skip


def _block(statement: str) -> Block:
    runs = laid_out(statement) if is_sql(statement) else [Run(statement.strip("\r\n"))]
    text = "".join(run.text for run in runs)
    count = text.count("\n") + 1
    if count <= FOLD_LINES + 2 and len(text) <= FOLD_LINES * 100:
        return Block(runs, [], "", False)
    head = "\n".join(text[: FOLD_LINES * 100].split("\n")[:FOLD_LINES])
    more = (
        display.plural(count, "line")
        if count > FOLD_LINES
        else display.size(len(statement.encode("utf-8", "replace")))
    )
    return Block(runs if len(text) <= _MOST else [Run(text[:_MOST])], [Run(head)], more, len(text) > _MOST)


def _collection(attributes: Attributes) -> str:
    return text_of(
        attributes,
        ("db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table", "db.stored_procedure.name"),
    )  # fmt: skip


def _server(attributes: Attributes) -> str:
    host = text_of(attributes, ("server.address", "net.peer.name", "network.peer.address", "net.peer.ip"))
    port = text_of(attributes, ("server.port", "net.peer.port"))
    return f"{host}:{port}" if host and port and ":" not in host else host


def _parameters(attributes: Attributes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key in sorted(attributes):
        if (match := _PARAMETER.fullmatch(key)) and len(found) < _MOST_PARAMETERS:
            found.append((f"${match[1] or match[2]}", plain(attributes[key])))
    return found
