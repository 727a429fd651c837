"""Tables of spans: columns found by name in every carrier, values in every spelling, and questions about the rest."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.formats import answer_key
from tests.formats.any_spans import rows
from webapp import formats
from webapp.errors import BadSetting, NotTraces
from webapp.formats.tables.layout import unique
from webapp.formats.tables.literals import parsed
from webapp.formats.tables.mapping import Mapping
from webapp.model.spans import Span
from webapp.model.warnings import Warning

CASES = Path(__file__).parents[1] / "data" / "tables"
TRACE, SPAN, CHILD = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "5e17000000000001"
START_NS = 1_714_979_289_123_000_000  # 2024-05-06 07:08:09.123
GOOD = f"trace_id,span_id,parent_id,service,name,start_time,duration_ms\n{TRACE},{SPAN},,web,GET /,{START_NS},5\n"


def read(content: bytes | str, *named: str) -> tuple[list[Span], list[Warning], str]:
    raw = content.encode() if isinstance(content, str) else content
    reading = formats.read(io.BytesIO(raw), "table", mapping=Mapping.parse(named))
    spans = [span for batch in reading for span in batch]
    return spans, reading.notes.warnings, reading.format


def one(content: bytes | str, *named: str) -> Span:
    [found], _, _ = read(content, *named)
    return found


def csv(**cells: object) -> str:
    """A table of one span; a cell of None leaves its column out."""
    row: dict[str, object] = {
        "trace_id": TRACE, "span_id": SPAN, "name": "GET /", "start_time": START_NS, "end_time": START_NS + 5, **cells,
    }  # fmt: skip
    kept = {name: cell for name, cell in row.items() if cell is not None}
    return f"{';'.join(kept)}\n{';'.join(map(str, kept.values()))}\n"


# what other tools write


@pytest.mark.parametrize("path", sorted(CASES.glob("otel_traces[.-]*[!n]")), ids=lambda path: path.name)
def test_clickhouse_writes_one_table_in_many_forms(path: Path) -> None:
    if "expected" in path.name:
        return
    found, warnings, _ = read(path.read_bytes())
    assert rows(found) == json.loads((CASES / "otel_traces.expected.json").read_text())
    assert not warnings


@pytest.mark.parametrize(
    "name",
    [path.name.removesuffix(".expected.json") for path in sorted(CASES.glob("*.*.expected.json"))],
)
def test_the_examples_give_the_expected_spans(name: str) -> None:
    found, _, _ = read((CASES / name).read_bytes())
    assert rows(found) == json.loads((CASES / f"{name}.expected.json").read_text())


def _arrow(table: pa.Table, name: str) -> bytes:
    target = io.BytesIO()
    if name == "parquet":
        pq.write_table(table, target)
    elif name == "feather":
        pyarrow.feather.write_feather(table, target, compression="zstd")
    else:
        make = pa.ipc.new_file if name == "file" else pa.ipc.new_stream
        with make(target, table.schema) as writer:
            writer.write_table(table)
    return target.getvalue()


@pytest.mark.parametrize("carrier", ["file", "stream", "feather", "parquet"])
def test_arrow_carries_the_same_spans(carrier: str) -> None:
    lines = (CASES / "otel_traces-each-row.jsonl").read_text().splitlines()
    table = pa.Table.from_pylist([json.loads(line) for line in lines])
    when = pa.array([1_700_000_000_123_456_789, 1_700_000_001_000_000_001], pa.timestamp("ns", "UTC"))
    table = table.set_column(0, "Timestamp", when)
    found, warnings, name = read(_arrow(table, carrier))
    assert rows(found) == json.loads((CASES / "otel_traces.expected.json").read_text())
    assert (warnings, name) == ([], "parquet" if carrier == "parquet" else "arrow")


def test_an_arrow_file_cut_off_gives_the_batches_before() -> None:
    table = pa.table({"trace_id": [TRACE] * 4, "span_id": [f"{n:016x}" for n in range(1, 5)], "name": ["a"] * 4,
                      "start_ns": [START_NS] * 4, "end_ns": [START_NS + 1] * 4, "more": [1, 2, 3, 4]})  # fmt: skip
    target = io.BytesIO()
    with pa.ipc.new_file(target, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    whole = target.getvalue()
    assert len(read(whole)[0]) == 4
    found, warnings, _ = read(whole[: len(whole) * 6 // 10])
    assert 0 < len(found) < 4
    assert [warning.code for warning in warnings] == ["truncated"]


def test_times_beside_the_spans_are_attributes_as_text() -> None:
    when = pa.array([START_NS + 1], pa.timestamp("ns"))
    table = pa.table({"trace_id": [TRACE], "span_id": [SPAN], "name": ["a"], "start_ns": [START_NS],
                      "duration_ns": [5], "seen": when})  # fmt: skip
    assert one(_arrow(table, "file")).attributes == {"seen": "2024-05-06 07:08:09.123000001"}


# columns and values


def test_ids_that_look_like_numbers_stay_ids() -> None:
    found = one(csv(trace_id="5e17", span_id="1e5", parent_id="00012"))
    assert (found.trace_id, found.span_id) == (f"{'5e17':0>32}", f"{'1e5':0>16}")
    assert (found.written_trace_id, found.written_span_id) == ("5e17", "1e5")
    assert found.parent_span_id == f"{'12':0>16}"


def test_text_that_is_no_id_gets_one() -> None:
    found, warnings, _ = read(csv(trace_id="order-17", parent_id="n/a"))
    assert found[0].written_trace_id == "order-17"
    assert found[0].parent_span_id == ""
    assert "id_hashed" in {warning.code for warning in warnings}


@pytest.mark.parametrize("word", ["root", "null", "None", "\\N", "0", "0000000000000000", "-"])
def test_words_for_no_parent(word: str) -> None:
    assert one(csv(ParentID=word)).parent_span_id == ""


@pytest.mark.parametrize(
    ("cells", "length_ns"),
    [
        ({"start_time": START_NS, "duration": 7}, 7),
        ({"start_time": START_NS // 1_000, "duration": 7}, 7_000),
        ({"start_time": START_NS // 10**6, "duration": 7}, 7_000_000),
        ({"start_time": "2024-05-06T07:08:09.123Z", "duration": 7}, 7_000_000),
        ({"start_time": "2024-05-06 07:08:09.123000000", "duration": 7}, 7),
        ({"start_time": "5/6/2024, 7:08:09.123 AM", "duration": "7.5"}, 7_500_000),
        ({"start_time": "1714979289.123", "duration_us": 7}, 7_000),
        ({"start_time": START_NS, "Duration (µs)": 7}, 7_000),
        ({"start_time": START_NS, "durationMicros": 7}, 7_000),
        ({"start_time": START_NS, "duration": "7ms"}, 7_000_000),
        ({"start_time": START_NS, "duration": "00:00:07.0000001"}, 7_000_000_100),
        ({"start_time": None, "startTimeMillis": START_NS // 10**6, "elapsed_s": "0.25"}, 250_000_000),
    ],
    ids=str,
)
def test_times_in_every_unit(cells: dict[str, Any], length_ns: int) -> None:
    found = one(csv(end_time=None, **cells))
    assert (found.start_ns, found.end_ns - found.start_ns) == (START_NS, length_ns)


def test_a_unit_that_no_name_says_is_told() -> None:
    _, warnings, _ = read(csv(start_time=START_NS // 1_000, end_time=None, duration=7))
    assert {(warning.code, warning.where) for warning in warnings} == {
        ("time_unit", "start in us"),
        ("length_unit", "duration in us"),
    }
    named = csv(start_time=None, start_us=START_NS // 1_000, end_time=None, duration_us=7)
    assert not read(named)[1]


def test_a_name_with_a_unit_is_believed_over_one_without() -> None:
    found = one(csv(end_time=None, duration="0.25", **{"duration.ms": 250}))
    assert found.end_ns - found.start_ns == 250_000_000
    assert found.attributes == {"duration": 0.25}


@pytest.mark.parametrize(
    ("pod", "service"),
    [
        ("cart-service-6cfdd55578-gfj6q", "cart-service"),
        ("redis-cart-0", "redis-cart"),
        ("plain", "plain"),
        ("ts-order-7f8d7d756d-k7b9j", "ts-order"),
    ],
)
def test_a_pod_names_its_service(pod: str, service: str) -> None:
    found = one(csv(PodName=pod))
    assert (found.service, found.resource.attributes["k8s.pod.name"]) == (service, pod)


@pytest.mark.parametrize(
    ("cells", "status", "message"),
    [
        ({"status_code": "STATUS_CODE_ERROR", "status_message": "no"}, 2, "no"),
        ({"status": "FAILED"}, 2, ""),
        ({"status": "Ok"}, 1, ""),
        ({"error": "true"}, 2, ""),
        ({"error": "timeout"}, 2, "timeout"),
        ({"error": "false"}, 0, ""),
        ({"success": "False"}, 2, ""),
        ({"status": "503"}, 0, ""),
    ],
    ids=str,
)
def test_failure_in_many_words(cells: dict[str, Any], status: int, message: str) -> None:
    found = one(csv(**cells))
    assert (found.status, found.status_message) == (status, message)
    assert found.attributes == ({"status": 503} if cells == {"status": "503"} else {})


def test_columns_without_a_meaning_become_attributes() -> None:
    cells = {"attributes.http.method": "GET", "span_attributes.n": "3", "city": "Bern", "zip": "0012", "share": "0.5",
             "gold": "true", "nothing": "", "resource.host.name": "h1", "order_id": "5e17"}  # fmt: skip
    found = one(csv(**cells))
    assert found.attributes == {
        "http.method": "GET", "n": 3, "city": "Bern", "zip": "0012", "share": 0.5, "gold": True, "order_id": "5e17",
    }  # fmt: skip
    assert found.resource.attributes == {"host.name": "h1"}


def test_tags_are_a_map_or_a_list_of_words() -> None:
    assert one(csv(tags='"{""a"": 1}"')).attributes == {"a": 1}
    assert one(csv(tags="\"['x', 'y']\"")).attributes == {"tags": "['x', 'y']"}


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_lines_end_as_other_systems_end_them(ends: str) -> None:
    assert one(GOOD.replace("\n", ends)) == one(GOOD)


def test_spreadsheets_say_their_separator_in_a_line_of_its_own() -> None:
    assert one("sep=;\n" + csv(city="Bern")).attributes == {"city": "Bern"}


def test_two_columns_of_one_name_are_kept_apart() -> None:
    assert unique(["id", "id", ""]) == ["id", "id_2", "column 3"]
    row = f"{TRACE},{SPAN},GET /,{START_NS},5,x,y"
    assert one(f"trace_id,span_id,name,start_ns,duration_ns,a,a\n{row}\n").attributes == {
        "a": "x",
        "a_2": "y",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("{'a':'b','c':'d'}", {"a": "b", "c": "d"}),
        (r"{'it\'s':'a\\b\n','n':1}", {"it's": "a\\b\n", "n": 1}),
        ("['a', 2, 3.5, None, True]", ["a", 2, 3.5, None, True]),
        ("[{'a': {'b': (1, 2)}}]", [{"a": {"b": [1, 2]}}]),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("[]", []),
    ],
)
def test_maps_and_lists_as_text(text: str, value: object) -> None:
    assert parsed(text) == value


@pytest.mark.parametrize(
    "text", ["{", "[1", "{'a'}", "{'a':}", "'a", "[" * 5000, "{1:2} 3", "[1 2]", "what is this"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its words are not shown
        parsed(text)


# what is asked about


def test_a_table_of_unknown_columns_is_asked_about_with_the_command_that_reads_it() -> None:
    path = CASES / "unknown.csv"
    with pytest.raises(NotTraces) as refused:
        formats.read(io.BytesIO(path.read_bytes()), "my file.csv")
    assert "it has TID, sid, psid, op, svc, ts, took, city" in refused.value.message
    hint = refused.value.hint
    command = hint[hint.index("tailrace serve 'my file.csv' ") :]
    named = [part for part in command.split() if "=" in part]
    assert named[:3] == ["TID=trace_id", "sid=span_id", "psid=parent_span_id"]
    found, _, _ = read(path.read_bytes(), *named)
    assert [(span.span_id, span.parent_span_id, span.service, span.name) for span in found] == [
        (SPAN, "", "web", "GET /cart"),
        (CHILD, SPAN, "web", "SELECT 1"),
    ]
    assert [span.end_ns - span.start_ns for span in found] == [250_500_000, 12_000_000]
    assert found[0].attributes == {"city": "Bern"}


@pytest.mark.parametrize("carrier", ["file", "parquet"])
def test_binary_tables_are_asked_about_and_mapped_too(carrier: str) -> None:
    table = pa.table({"TID": [TRACE], "sid": [SPAN], "op": ["a"], "at": [START_NS], "took": [2.5]})
    with pytest.raises(NotTraces, match="it has TID, sid, op, at, took"):
        read(_arrow(table, carrier))
    found = one(
        _arrow(table, carrier), "TID=trace_id", "sid=span_id", "op=name", "at=start_ns", "took=duration_ms"
    )
    assert (found.name, found.end_ns - found.start_ns) == ("a", 2_500_000)


def test_json_rows_are_asked_about_and_mapped_too() -> None:
    row = json.dumps({"TID": TRACE, "sid": SPAN, "op": "a", "ts": START_NS, "took": 2, "city": "Bern"})
    with pytest.raises(NotTraces, match="it has TID, sid, op, ts, took, city"):
        read(row)
    found = one(row, "TID=trace_id", "sid=span_id", "op=name", "took=duration_ns")
    assert (found.name, found.end_ns - found.start_ns, found.attributes) == ("a", 2, {"city": "Bern"})


def test_a_mapping_wins_over_what_a_name_seems_to_say() -> None:
    found = one(csv(label="real"), "label=name")
    assert (found.name, found.attributes) == ("real", {"name": "GET /"})


def test_a_mapping_leaves_other_files_alone() -> None:
    assert one(GOOD, "TID=trace_id").name == "GET /"


def test_columns_without_a_header_have_numbers() -> None:
    row = f"{TRACE},{SPAN},GET /,{START_NS},5\n"
    with pytest.raises(NotTraces) as refused:
        read(row * 2)
    assert "--map 1=trace_id --map 2=span_id" in refused.value.hint
    assert one(row, "1=trace_id", "2=span_id", "3=name", "4=start", "5=duration_ns").end_ns == START_NS + 5


def test_rows_without_a_span_id_get_one_if_the_user_says_what_they_are() -> None:
    found, warnings, _ = read(csv(span_id=None), "trace_id=trace_id")
    assert len(found[0].span_id) == 16
    assert "id_hashed" in {warning.code for warning in warnings}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trace_id=TID", "The column comes first: TID=trace_id"),
        ("TID=traceid", "Did you mean trace_id?"),
        ("TID=city", "Fields are trace_id, span_id"),
        ("TID", "COLUMN=FIELD"),
        ("=name", "COLUMN=FIELD"),
        ("a=start_h", "There is no field"),
    ],
)
def test_a_mapping_that_names_no_field_is_refused_with_the_fields(text: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        Mapping.parse([text])


def test_a_field_is_in_one_column() -> None:
    mapping = Mapping.parse(["a=name", "b=name", "c=start"])
    assert [one.column for one in mapping.among(["a", "c", "x"])] == ["a", "c"]
    with pytest.raises(BadSetting, match="Two columns"):
        mapping.among(["a", "b"])
    assert [each.column for each in Mapping.parse(["a=b=name"])] == ["a=b"]


def test_lines_of_logs_are_no_spans() -> None:
    logs = f"Timestamp,PodName,TraceID,SpanID,name,duration,Log\n{START_NS},p,{TRACE},{SPAN},n,1,hello\n"
    assert formats.read(io.BytesIO(logs.encode()), "logs").format != "csv"


@pytest.mark.parametrize(
    "text", ["just some words\nand more\n", "a, b\nand, c\n", "x\ty\n1\t2\n", "# Title\n\nSome, text, here\n"]
)
def test_prose_is_not_asked_about(text: str) -> None:
    with pytest.raises(NotTraces) as refused:
        read(text)
    assert "--map" not in refused.value.hint


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("spans_csv"):
        found, warnings, name = read(known.path.read_bytes())
        assert (len(found), len({span.trace_id for span in found})) == (known.spans, known.traces)
        assert (warnings, name) == ([], "csv")
        assert all(not span.service.endswith(tuple("0123456789")) for span in found)


def test_dates_and_numbers_as_europe_writes_them() -> None:
    table = (
        "trace_id;span_id;name;service;start_time;duration_s\n"
        '1;1;checkout;web;04.03.2025 10:00:00,5;"1,5"\n'
        "1;2;pay;web;32.13.2025 10:00;soon\n"
    )
    reading = formats.read(io.BytesIO(table.encode()), "x")
    first, second = [span for batch in reading for span in batch]
    assert first.start_ns == 1_741_082_400_500_000_000
    assert first.end_ns - first.start_ns == 1_500_000_000
    assert second.start_ns == 0
    assert any("start “32.13.2025 10:00”" in warning.where for warning in reading.notes.warnings)
