"""Lines of every usual logger, agent and store: which trace, when, how bad, what."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats import answer_key
from tests.formats.logs.reading import HEX, SECOND, SPAN, START_S, codes, one_line, read, text_of
from webapp import formats
from webapp.errors import NotTraces
from webapp.formats import logs
from webapp.formats.sniff import head_of
from webapp.model.logs import LogLine

DATA = Path(__file__).parents[2] / "data" / "logs"
ISO = "2026-01-02T03:04:05.678Z"
AT = START_S * SECOND + 678_000_000
MS = START_S * 1_000 + 678
LOKI = {
    "status": "success",
    "data": {
        "resultType": "streams",
        "result": [
            {
                "stream": {"service_name": "shop"},
                "values": [[str(AT), json.dumps({"level": "info", "msg": "paid", "traceID": HEX})]],
            }
        ],
    },
}

LINES: dict[str, Any] = {
    "zap": {"level": "info", "ts": START_S + 0.678, "msg": "paid", "traceID": HEX, "service": "shop"},
    "zap, encoded for people": {"L": "INFO", "T": ISO, "M": "paid", "trace_id": HEX, "service": "shop"},
    "zap's console": f'{ISO}\tINFO\tmain.go:7\tpaid\t{{"trace_id": "{HEX}", "service": "shop"}}\n',
    "slog": {"time": ISO, "level": "INFO", "msg": "paid", "trace_id": HEX, "service": "shop"},
    "slog with groups": {"time": ISO, "level": "INFO", "msg": "paid", "ctx": {"traceId": HEX}, "app": "shop"},
    "slog as text": f"time={ISO} level=INFO msg=paid trace_id={HEX} service=shop\n",
    "logrus as text": f'time="{ISO}" level=info msg=paid trace_id={HEX} service=shop\n',
    "pino": {"level": 30, "time": MS, "pid": 7, "hostname": "h", "name": "shop", "msg": "paid", "traceId": HEX},
    "bunyan": {"name": "shop", "hostname": "h", "pid": 7, "level": 30, "msg": "paid", "time": ISO, "v": 0, "trace_id": HEX},
    "winston": {"level": "info", "message": "paid", "timestamp": ISO, "metadata": {"traceId": HEX}, "service": "shop"},
    "ECS": {"@timestamp": ISO, "log.level": "INFO", "message": "paid", "trace.id": HEX, "service.name": "shop"},
    "ECS, nested": {
        "@timestamp": ISO, "log": {"level": "INFO"}, "message": "paid", "trace": {"id": HEX}, "service": {"name": "shop"}
    },
    "CLEF": {"@t": ISO, "@m": "paid", "@tr": HEX, "Application": "shop"},
    "Google Cloud": {
        "timestamp": ISO, "severity": "INFO", "textPayload": "paid", "trace": f"projects/p/traces/{HEX}",
        "labels": {"service_name": "shop"},
    },
    "Google Cloud, by the agent": {
        "time": ISO, "severity": "INFO", "message": "paid", "logging.googleapis.com/trace": f"projects/p/traces/{HEX}",
        "serviceContext": {"service": "shop"},
    },
    "Datadog, 128 bits": {"timestamp": ISO, "level": "info", "message": "paid", "dd.trace_id": HEX, "dd.service": "shop"},
    "Datadog, nested and decimal": {
        "time": ISO, "level": "info", "msg": "paid", "dd": {"trace_id": str(int(HEX, 16)), "service": "shop"}
    },
    "Python's OpenTelemetry": {
        "asctime": "2026-01-02 03:04:05,678", "levelname": "INFO", "message": "paid", "otelTraceID": HEX, "service": "shop"
    },
    "X-Ray": {"time": ISO, "level": "info", "msg": "paid", "xray_trace_id": f"1-{HEX[:8]}-{HEX[8:]}", "service": "shop"},
    "X-Ray's header": {
        "time": ISO, "level": "info", "msg": "paid", "service": "shop",
        "X-Amzn-Trace-Id": f"Root=1-{HEX[:8]}-{HEX[8:]};Sampled=1",
    },
    "traceparent": {"time": ISO, "level": "info", "msg": "paid", "traceparent": f"00-{HEX}-{SPAN}-01", "service": "shop"},
    "ClickHouse": {"Timestamp": ISO, "TraceId": HEX, "SeverityText": "INFO", "ServiceName": "shop", "Body": "paid"},
    "log4j": {
        "instant": {"epochSecond": START_S, "nanoOfSecond": 678_000_000}, "level": "INFO", "message": "paid",
        "contextMap": {"traceId": HEX}, "service": "shop",
    },
    "docker": {
        "log": f'{{"level":"info","msg":"paid","trace_id":"{HEX}","service":"shop"}}\n', "stream": "stdout", "time": ISO,
    },
    "docker around logfmt": {"log": f"level=info msg=paid trace_id={HEX} service=shop\n", "stream": "stdout", "time": ISO},
    "containerd": f'{ISO} stdout F {{"level":"info","msg":"paid","trace_id":"{HEX}","service":"shop"}}\n',
    "docker compose": f'shop-1  | {{"time":"{ISO}","level":"info","msg":"paid","trace_id":"{HEX}"}}\n',
    "fluentd": {
        "log": f'{{"level":"info","msg":"paid","trace_id":"{HEX}"}}', "time": ISO, "kubernetes": {"container_name": "shop"}
    },
    "Loki's answer": LOKI,
    "logcli": {"labels": {"app": "shop"}, "line": f"level=info msg=paid trace_id={HEX}", "timestamp": ISO},
    "a table": f'time,level,message,service,TraceID\n{ISO},info,"paid",shop,{HEX}\n',
    "a table of wrapped lines": (
        f'Timestamp;PodName;Container;TraceID;Log\n{ISO};shop-6cfdd55578-gfj6q;server;{HEX};'
        '"{""log"":""{\\""message\\"":\\""paid\\"",\\""severity\\"":\\""info\\""}\\n""}"\n'
    ),
    "an array": json.dumps([{"time": ISO, "level": "info", "msg": "paid", "trace_id": HEX, "service": "shop"}], indent=2),
    "words": f"{ISO} INFO paid trace_id={HEX} service=shop\n",
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_the_lines_of_every_logger_say_the_same(name: str) -> None:
    line = one_line(LINES[name])
    assert (line.trace_id, line.time_ns, line.level, line.service) == (HEX, AT, "info", "shop")
    assert line.message.startswith("paid") or name == "words"


@pytest.mark.parametrize("name", LINES)
def test_each_is_recognised_by_what_it_holds(name: str) -> None:
    reading = formats.read(io.BytesIO(text_of(LINES[name]).encode()), "whatever")
    assert (reading.format, sum(len(batch.lines) for batch in reading.batches())) == ("logs", 1)
    assert reading.reason.startswith("Log lines: ")


@pytest.mark.parametrize(
    ("written", "trace_id"),
    [
        (HEX.upper(), HEX),
        (f"0x{HEX}", HEX),
        ("0af76519-16cd-43dd-8448-eb211c80319c", HEX),
        (SPAN, "0" * 16 + SPAN),
        (f"00-{HEX}-{SPAN}-01", HEX),
        (f"{HEX}-{SPAN}-1", HEX),
        (f"{HEX}:{SPAN}:0:1", HEX),
        (f"{HEX}/123;o=1", HEX),
        ("CvdlGRbNQ92ESOshHIAxnA==", HEX),
    ],
)
def test_ids_of_every_form_become_one(written: str, trace_id: str) -> None:
    line = one_line({"time": ISO, "level": "info", "msg": "paid", "trace_id": written})
    assert (line.trace_id, line.written_trace_id) == (trace_id, written if written != trace_id else "")


def test_ids_that_are_only_text_are_hashed_and_kept() -> None:
    _, lines, notes = read([{"time": ISO, "level": "info", "msg": "a", "X-Trace-ID": "abc-123"}] * 3)
    assert {line.written_trace_id for line in lines} == {"abc-123"}
    assert len({line.trace_id for line in lines}) == 1
    assert codes(notes) == {"id_hashed": 1}


@pytest.mark.parametrize(
    "nothing", ["", "0", "0" * 32, "-", "null", None, "undefined", False, 0, ["a"], "x" * 400]
)
def test_what_is_no_id_is_no_trace(nothing: Any) -> None:
    good = {"time": ISO, "level": "info", "msg": "paid", "trace_id": HEX}
    _, lines, notes = read([good, good | {"trace_id": nothing}])
    assert len(lines) == 1
    assert codes(notes) == {"other_signal": 1}


def test_ids_of_requests_stand_in_for_trace_ids_where_a_file_has_none() -> None:
    line = {"time": ISO, "level": "info", "msg": "paid", "X-Request-ID": "r-1"}
    assert one_line(line).written_trace_id == "r-1"
    _, lines, notes = read([line, line | {"trace_id": HEX}])
    assert [each.trace_id for each in lines] == [HEX]
    assert codes(notes) == {"other_signal": 1}


def test_all_that_is_no_field_of_its_own_is_an_attribute() -> None:
    line = one_line(
        {"time": ISO, "level": "warn", "msg": "low", "trace_id": HEX, "span_id": SPAN, "stock": {"left": 2}}
    )
    assert (line.span_id, line.level, line.attributes) == (SPAN, "warn", {"stock.left": 2})


def test_what_logfmt_writes_has_its_type_again_but_ids_stay_text() -> None:
    line = one_line(
        f'time={ISO} level=info msg="a \\"b\\" c" trace_id=1234567890123456 n=7 f=1.5 ok=true s="7"\n'
    )
    assert line.message == 'a "b" c'
    assert line.trace_id == "1234567890123456".zfill(32)
    assert line.attributes == {"n": 7, "f": 1.5, "ok": True, "s": "7"}


@pytest.mark.parametrize(
    "content",
    [
        [{"level": "info", "ts": 1.5e9, "msg": "up"}] * 3,
        f"time={ISO} level=info msg=up\n" * 3,
        LOKI | {"data": {"resultType": "streams", "result": [{"stream": {}, "values": [[str(AT), "up"]]}]}},
    ],
)
def test_logs_without_any_trace_id_are_refused_by_name(content: Any) -> None:
    with pytest.raises(NotTraces, match="log lines without a trace id"):
        formats.read(io.BytesIO(text_of(content).encode()), "a.log")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words\nand more\n",
        b'{"resourceLogs":[]}',
        b'{"a":1}',
        b'[{"ph":"X","ts":1,"pid":1,"name":"a"}]',
        b"<html>trace_id=1 time=2 level=3</html>",
        b"\x00\x01 2026-01-02T03:04:05Z INFO trace_id=abc",
        b'{"log":{"message":"a","timestamp":1,"trace_id":"0af7651916cd43dd8448eb211c80319c"}}',
        b'{"trace_id":"a1","span_id":"b1","name":"x","start_time":1,"end_time":2,"level":1}',
    ],
)
def test_what_is_no_log_is_not_taken_for_one(content: bytes) -> None:
    assert logs.looks_like(head_of(content)) is None


def test_lines_that_are_not_json_are_passed_over_and_broken_ones_rejected() -> None:
    good = json.dumps({"time": ISO, "level": "info", "msg": "paid", "trace_id": HEX})
    _, lines, notes = read(f"{good}\npanic: out of stock\n{good[:-9]}\n\n{good}\n{good[:40]}".encode())
    assert len(lines) == 2
    assert notes.rejected == 2
    assert codes(notes) == {"bad_record": 1, "truncated": 1, "other_signal": 1}


def test_compressed_logs_are_read_too() -> None:
    raw = gzip.compress(text_of(LINES["slog"]).encode())
    [batch] = formats.read(io.BytesIO(raw), "a.log.gz").batches()
    assert isinstance(batch.lines[0], LogLine)


def test_files_of_the_wild_keep_all_their_traces_and_spans() -> None:
    for known in answer_key.files("log_lines"):
        _, lines, notes = read(known.path.read_bytes())
        assert not notes.rejected
        assert all(line.time_ns for line in lines)
        assert len({line.trace_id for line in lines}) == known.traces
        assert len({(line.trace_id, line.span_id) for line in lines}) == known.spans


@pytest.mark.parametrize("path", sorted(DATA.glob("**/*.*")), ids=lambda path: path.name)
def test_the_examples_are_read_without_loss(path: Path) -> None:
    if path.suffix == ".json":
        pytest.skip("spans that go with a log")
    spans, lines, notes = read(path.read_bytes())
    assert spans or lines
    assert not notes.rejected
