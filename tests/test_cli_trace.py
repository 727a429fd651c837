"""`tailrace trace` of what is no ordinary trace."""

import json
from pathlib import Path

from click.testing import CliRunner

from webapp.cli import main

SPAN = {"id": "eee19b7ec3c1b174", "name": "get", "timestamp": 1_700_000_000_000_000}


def zipkin(path: Path, *spans: dict[str, object]) -> str:
    path.write_text(json.dumps([{"localEndpoint": {"serviceName": "shop"}} | span for span in spans]))
    return str(path)


def test_a_span_that_has_not_finished_is_said_to_be_open(tmp_path: Path) -> None:
    path = zipkin(tmp_path / "open.json", {"traceId": "a" * 32, **SPAN})
    told = CliRunner().invoke(main, ["trace", path, "--id", "a" * 32]).stdout
    assert "shop · get has not finished." in told
    assert told.splitlines()[-1] == "1 span, not finished"


def test_an_id_of_several_traces_is_asked_about(tmp_path: Path) -> None:
    ids = ["4bf92f35" + digit * 24 for digit in "12"]
    path = zipkin(tmp_path / "two.json", *({"traceId": trace_id, **SPAN} for trace_id in ids))
    result = CliRunner().invoke(main, ["trace", path, "--id", "4bf92f35"])
    assert result.exit_code == 2
    assert all(trace_id in result.stderr for trace_id in ids)


def test_a_trace_that_goes_on_after_its_response_says_what_its_page_opens_with(tmp_path: Path) -> None:
    late = SPAN | {"id": "a" * 16, "parentId": SPAN["id"], "name": "mail", "kind": "CONSUMER"}
    late |= {"timestamp": 1_700_000_000_500_000, "duration": 400_000}
    path = zipkin(
        tmp_path / "late.json", *({"traceId": "b" * 32, "duration": 100_000} | one for one in (SPAN, late))
    )
    told = CliRunner().invoke(main, ["trace", path, "--id", "b" * 32]).stdout
    assert told.startswith(
        "Waiting for the start of shop · mail is 44% of the 900 ms until the last span ended."
    )


def test_the_only_trace_needs_no_id_and_one_of_several_does(tmp_path: Path) -> None:
    one = zipkin(tmp_path / "one.json", {"traceId": "a" * 32, "duration": 5, **SPAN})
    told = CliRunner().invoke(main, ["trace", one])
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "1 span, 5.00 µs")
    two = zipkin(tmp_path / "two.json", {"traceId": "b" * 32, "duration": 5, **SPAN})
    asked = CliRunner().invoke(main, ["trace", one, two])
    assert asked.exit_code == 2
    assert "There are 2 traces: say which one with --id." in asked.stderr


def test_a_trace_that_is_not_there_is_said_of_files_and_no_page(tmp_path: Path) -> None:
    one = zipkin(tmp_path / "one.json", {"traceId": "a" * 32, "duration": 5, **SPAN})
    asked = CliRunner().invoke(main, ["trace", one, "--id", "f" * 32])
    assert asked.exit_code == 1
    assert f"The trace {'f' * 32} is not in these files." in asked.stderr
    assert "page" not in asked.stderr
