"""SQL and stack traces laid out: every character stays, only white space of SQL changes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.views.text import Block
from webapp.views.text.sql import is_sql, laid_out
from webapp.views.text.stack import stack_block


def sql(statement: str) -> list[str]:
    return "".join(run.text for run in laid_out(statement)).split("\n")


def test_each_clause_begins_a_line_and_subqueries_stand_deeper() -> None:
    assert sql("DELETE FROM a WHERE id IN (SELECT id FROM b WHERE c = 1 AND d BETWEEN 2 AND 3) OR e") == [
        "DELETE FROM a", "WHERE id IN (", "    SELECT id", "    FROM b", "    WHERE c = 1", "      AND d BETWEEN 2 AND 3",
        ")", "  OR e",
    ]  # fmt: skip


def test_joins_unions_and_upserts_keep_their_words_together() -> None:
    assert sql("SELECT a FROM b NATURAL LEFT OUTER JOIN c UNION ALL SELECT d") == [
        "SELECT a", "FROM b", "NATURAL LEFT OUTER JOIN c", "UNION ALL", "SELECT d",
    ]  # fmt: skip
    assert sql("INSERT INTO a (b) VALUES (1) ON CONFLICT (b) DO UPDATE SET c = 1 RETURNING b") == [
        "INSERT INTO a (b)", "VALUES (1)", "ON CONFLICT (b) DO UPDATE", "SET c = 1", "RETURNING b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kept",
    ["count(*) FILTER (WHERE x AND y)", "extract(year FROM d)", "CASE WHEN a AND b THEN 'FROM' END", "a IS DISTINCT FROM b",
     "'it''s  FROM  x'", '"ORDER BY"', "$f$ WHERE $f$", "/* LIMIT  1 */", "`SET`"],
)  # fmt: skip
def test_nothing_breaks_within_calls_cases_quotes_and_comments(kept: str) -> None:
    assert sql(f"SELECT {kept} FROM t") == [f"SELECT {kept}", "FROM t"]


@pytest.mark.parametrize("statement", ["SELECT 'a\\' FROM ' FROM b", "SELECT a\n  FROM   b"])
def test_what_might_be_read_wrongly_or_is_laid_out_already_stays(statement: str) -> None:
    assert "\n".join(sql(statement)) == statement


def test_a_long_list_gets_a_line_for_each_member() -> None:
    columns = ", ".join(f"some_long_column_{number}" for number in range(8))
    assert sql(f"SELECT {columns} FROM t")[1] == "  some_long_column_1,"


def test_only_statements_are_taken_for_sql() -> None:
    assert is_sql(" with x as (select 1) select 2")
    assert not is_sql("SELECTED 3 rows")


PIECES = (
    "SELECT FROM WHERE AND OR ( ) , ; -- /* */ $$ $a$ ' \" ` CASE END BETWEEN JOIN LEFT ON CONFLICT x 1 . \\"
)
WORDS = st.sampled_from([*PIECES.split(), "'a  b'"])


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60))
def test_no_character_but_white_space_ever_changes(statement: str) -> None:
    squeezed = [re.sub(r"\s+", "", text) for text in ("".join(sql(statement)), statement)]
    assert squeezed[0] == squeezed[1]


PYTHON = """Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/flask/app.py", line 1, in wsgi
    return self.full()
  File "/app/shop.py", line 9, in buy
    pay(card)
CardError: declined"""
JAVA = """java.lang.IllegalStateException: stock
\tat com.example.Shelf.take(Shelf.java:8)
\tat org.springframework.web.Servlet.service(Servlet.java:8)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.io.IOException: gone
\tat com.example.Repo.read(Repo.java:3)
\t... 40 more"""
NODE = """TypeError: x is not a function
    at buy (/app/src/shop.js:3:7)
    at Layer.handle (/app/node_modules/express/layer.js:95:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"""
GO = """panic: no stock

goroutine 1 [running]:
main.take(0x1)
\t/app/shop.go:12 +0x1d
net/http.HandlerFunc.ServeHTTP(0x1)
\t/usr/local/go/src/net/http/server.go:2136 +0x29"""
DOTNET = """System.InvalidOperationException: stock
   at Shop.Shelf.Take(Int32 n) in /src/Shelf.cs:line 8
   at System.Threading.Tasks.Task.Run()
   at Microsoft.AspNetCore.Routing.EndpointMiddleware.Invoke()"""


@pytest.mark.parametrize(
    ("trace", "strong", "dim"),
    [
        (PYTHON, ["CardError: declined"], ["site-packages", "self.full()"]),
        (JAVA, ["IllegalStateException", "Caused by"], ["springframework", "Thread.run"]),
        (NODE, ["TypeError"], ["node_modules", "node:internal"]),
        (GO, ["panic: no stock", "goroutine 1"], ["net/http.HandlerFunc", "/usr/local/go"]),
        (DOTNET, ["InvalidOperation"], ["System.Threading", "Microsoft.AspNetCore"]),
    ],
    ids=["python", "java", "node", "go", "dotnet"],
)
def test_libraries_step_back_and_what_failed_stands_out(
    trace: str, strong: list[str], dim: list[str]
) -> None:
    block = stack_block(trace)
    assert written(block) == trace
    by_tone = {
        tone: "".join(run.text for run in block.runs if run.tone == tone) for tone in ("", "strong", "dim")
    }
    assert all(words in by_tone["strong"] for words in strong)
    assert all(words in by_tone["dim"] for words in dim)
    own = [
        line
        for line in trace.splitlines()
        if "com.example" in line or "/app/sh" in line or "Shop.Shelf" in line
    ]
    assert all(line in by_tone[""] for line in own if "node_modules" not in line)


def test_a_long_trace_folds_to_ones_own_frames() -> None:
    library = '  File "/usr/lib/python3/site-packages/a.py", line 1, in f\n    g()\n' * 20
    trace = (
        "Traceback (most recent call last):\n"
        + library
        + '  File "/app/b.py", line 2, in h\n    i()\nValueError: no'
    )
    block = stack_block(trace)
    head = "".join(run.text for run in block.head)
    assert head.splitlines()[1:] == [
        "    ⋮ 40 lines of libraries", '  File "/app/b.py", line 2, in h', "    i()", "ValueError: no",
    ]  # fmt: skip
    assert block.more == "44 lines"


@given(st.text(max_size=300))
def test_any_text_is_kept_whole(trace: str) -> None:
    assert written(stack_block(trace)) == trace.strip("\r\n")


def test_a_trace_without_end_is_cut_and_says_so() -> None:
    block = stack_block("at x.y(z)\n" * 100_000)
    assert block.cut
    assert len(written(block)) == 20_000


def written(block: Block) -> str:
    return "".join(run.text for run in block.runs)
