"""The command: serve by default, inspect, trace and search exactly as the pages say."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.killing import free_port
from tests.views.sending import until
from webapp import cli
from webapp.cli import main
from webapp.loading import load
from webapp.model.results import SourceReport
from webapp.progress import Progress
from webapp.store import Store
from webapp.terminal import print_loaded

SAMPLES = Path(__file__).parent.parent / "sample_data"
CHECKOUT = "4bf92f3577b34da6a3ce929d0e0e4736"


def run(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_inspect_prints_one_object_a_file() -> None:
    code, out, _ = run("inspect", str(SAMPLES / "checkout"), "--json")
    reports = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    archived = [report for report in reports if ".zip/" in report["path"]]
    plain = [report for report in reports if report not in archived]
    assert len(plain) + 1 == len(list((SAMPLES / "checkout").iterdir()))
    fields = {"path", "format", "reason", "traces", "spans", "rejected", "duplicates", "warnings"}
    assert all(set(report) == fields for report in reports)
    assert {(report["traces"], report["spans"]) for report in plain} == {(1, 5)}
    assert len(archived) > 1
    assert sum(report["spans"] for report in archived) == 5


def test_inspect_ends_with_1_when_a_file_gave_nothing(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no traces here")
    code, out, _ = run("inspect", str(tmp_path), "--json")
    assert code == 1
    assert json.loads(out)["spans"] == 0


def test_standard_input_is_a_file() -> None:
    code, out, _ = run("inspect", "-", "--json", stdin=(SAMPLES / "checkout/zipkin.json").read_bytes())
    assert code == 0
    assert json.loads(out)["format"] == "zipkin"


def test_trace_says_the_verdict_and_gives_the_json_of_the_page() -> None:
    path = str(SAMPLES / "checkout/otlp.json")
    code, out, _ = run("trace", path, "--id", CHECKOUT)
    assert code == 0
    assert out.startswith("fraud-service · check is 80% of the 4.00 s")
    code, out, _ = run("trace", path, "--id", CHECKOUT.upper(), "--json")
    answer = json.loads(out)
    assert answer["trace_id"] == CHECKOUT
    assert answer["verdict"]["critical_ns"] == 3_200_000_000
    assert sum(each["end_ns"] - each["start_ns"] for each in answer["critical_path"]) == answer["response_ns"]


def test_an_unknown_trace_is_one_line_and_not_a_traceback() -> None:
    code, _, err = run("trace", str(SAMPLES / "checkout/otlp.json"), "--id", "f" * 32)
    assert code == 1
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_search_gives_the_json_of_the_page() -> None:
    arguments = ["search", str(SAMPLES / "checkout"), "--query", "service=payment-service duration>3s"]
    code, out, _ = run(*arguments, "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["total"], answer["total_exact"]) == (len(answer["traces"]), True)
    assert {trace["verdict"]["service"] for trace in answer["traces"]} == {"fraud-service"}
    code, out, _ = run(*arguments)
    assert len(out.splitlines()) == answer["total"]


def test_a_query_that_cannot_be_read_is_said_with_its_position() -> None:
    code, _, err = run("search", str(SAMPLES / "checkout/otlp.json"), "--query", "duration>fast")
    assert code == 1
    assert "position 10" in err
    assert err.splitlines()[-2:] == ["  duration>fast", "           ^^^^"]


TABLE = Path(__file__).parent / "data" / "tables" / "unknown.csv"
NAMED = [
    f"--map={each}"
    for each in (
        "TID=trace_id",
        "sid=span_id",
        "psid=parent_span_id",
        "op=name",
        "svc=service",
        "took=duration_ms",
    )
]


@pytest.mark.parametrize(
    "verb",
    [["inspect"], ["search", "--query", "city=Bern"], ["trace", "--id", "0af7651916cd43dd8448eb211c80319c"]],
)
def test_a_table_of_unknown_columns_is_read_as_the_user_says(verb: list[str]) -> None:
    code, out, _ = run(verb[0], str(TABLE), *verb[1:], *NAMED, "--json")
    answer = json.loads(out)
    spans = answer["traces"][0]["spans"] if verb[0] == "search" else answer["spans"]
    assert (code, spans if isinstance(spans, int) else len(spans)) == (0, 2)


def test_the_readme_shows_what_an_unknown_table_is_answered() -> None:
    root = Path(__file__).parent.parent
    code, out, _ = run("inspect", str(TABLE))
    assert code == 1
    assert out.replace(f"{root}/", "").strip() in (root / "README.md").read_text()


def test_what_columns_hold_can_be_said_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_MAP", ",".join(each.removeprefix("--map=") for each in NAMED))
    code, out, _ = run("inspect", str(TABLE), "--json")
    assert (code, json.loads(out)["spans"]) == (0, 2)


@pytest.mark.parametrize("verb", [["serve"], ["inspect"], ["search"], ["trace", "--id", "1"]])
def test_a_field_that_is_none_is_said_before_anything_is_read(verb: list[str]) -> None:
    code, _, err = run(verb[0], str(TABLE), *verb[1:], "--map", "TID=tracer")
    assert code == 1
    assert "There is no field 'tracer'" in err
    assert "Fields are trace_id, span_id" in err


@pytest.mark.parametrize("arguments", [["inspect"], ["search"], ["trace", "--id", "1"]])
def test_verbs_without_a_path_say_what_is_needed(arguments: list[str]) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert "Name at least one file" in err


def test_a_path_that_is_not_there_starts_no_server() -> None:
    code, _, err = run("serve", "/nowhere/at/all")
    assert code == 1
    assert "is not there" in err


def test_serving_says_the_url_when_ready_and_answers_503_before(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "TAILRACE_PORT": str(port)}
    command = [sys.executable, "-m", "webapp", str(SAMPLES), "--db", str(tmp_path / "kept.duckdb")]
    zipkin, told = free_port(), tmp_path / "told"
    command.append(f"--zipkin-port={zipkin}")
    seen: set[int] = set()
    with (
        told.open("w") as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        try:
            until(lambda: seen.add(status(port)) or 200 in seen, seconds=300)
            assert server.stdout is not None
            assert server.stdout.readline().strip() == f"Tailrace is ready on http://127.0.0.1:{port}"
            until(lambda: f"Spans are also received on {zipkin} (Zipkin over HTTP)." in told.read_text())
        finally:
            server.terminate()
            assert server.wait(20) == 0
    assert (
        "leaked" not in told.read_text()
    )  # what DuckDB's binding says where its objects outlive the interpreter
    assert {200, 503} <= seen


def status(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/traces.json")
        answer = connection.getresponse()
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "1"
            assert "loading" in json.loads(answer.read())
    except OSError:
        return 0  # not listening yet
    finally:
        connection.close()
    return answer.status


def test_ctrl_c_while_the_command_begins_ends_it_without_a_word() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "webapp", "inspect", str(SAMPLES)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell may have switched it off
    )
    assert process.stderr
    for line in process.stderr:
        if line.rstrip().endswith(b"click.core"):  # in the midst of the imports
            process.send_signal(signal.SIGINT)
            break
    out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert {line.partition(b":")[0] for line in rest.splitlines()} <= {b"import time"}


def test_ctrl_c_while_files_are_read_ends_a_verb_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load", interrupted)
    assert run("inspect", str(SAMPLES)) == (130, "", "")


@pytest.mark.parametrize(
    "arguments",
    [["inspect"], ["trace", "--id", CHECKOUT], ["search", "--json"]],
)
def test_a_verb_that_ends_well_says_nothing_on_the_side(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "webapp", *arguments, str(SAMPLES / "checkout/otlp.json")]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert ended.stdout
    assert ended.stderr in (b"", b"1 of 1 traces\n")


def told(reports: list[SourceReport], capsys: pytest.CaptureFixture[str]) -> str:
    print_loaded(reports)
    return capsys.readouterr().err


def report(path: str, spans: int = 5, **fields: Any) -> SourceReport:
    with Store.open(None) as store:
        [made] = load([str(SAMPLES / "checkout/otlp.json")], store, Progress())
    return dataclasses.replace(made, path=path, spans=spans, **fields)


def test_the_start_says_of_each_file_what_it_was_read_as(capsys: pytest.CaptureFixture[str]) -> None:
    few = [report("a.json", rejected=2), report("b.txt", 0, format="", reason="This looks like plain text.")]
    assert told(few, capsys).splitlines() == [
        "read a.json as otlp (OTLP JSON: `resourceSpans`): 1 trace, 5 spans, 2 rejected",
        "skipped b.txt: This looks like plain text.",
    ]


def test_the_start_sums_up_many_files_by_format(capsys: pytest.CaptureFixture[str]) -> None:
    one = report("a.json")
    many = [*[one] * 20, dataclasses.replace(one, format="zipkin")]
    assert told(many, capsys).splitlines() == [
        "read 20 files as otlp: 20 traces, 100 spans",
        "read 1 file as zipkin: 1 trace, 5 spans",
        "tailrace inspect tells of each file.",
    ]
