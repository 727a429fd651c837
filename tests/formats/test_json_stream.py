"""JSON in any arrangement comes out record by record; what is broken costs itself alone."""

import io
import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.formats import json_stream
from webapp.formats.json_stream import Document, documents, loads
from webapp.formats.json_syntax import mend
from webapp.formats.notes import Notes

OTLP = {"opened": ("resourceSpans", "result"), "records": ("scopeSpans", "spans")}


def read(text: bytes, **names: tuple[str, ...]) -> tuple[list[object], Notes]:
    notes = Notes()
    return [loads(one, notes) for one in documents(io.BytesIO(text), notes, **names)], notes


def places(text: bytes, **names: tuple[str, ...]) -> list[str]:
    return [one.where for one in documents(io.BytesIO(text), Notes(), **names)]


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1}\n{"a":2}\n{"a":3}\n',
        b'{"a":1}\r\n\r\n{"a":2}\r\n{"a":3}',
        b'{"a":1}{"a":2}{"a":3}',
        b'{"a":1} {"a":2},\n{"a":3}',
        b'{\n  "a": 1\n}\n{\n  "a": 2\n}\n{\n  "a":\n3}\n',
        b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf{"a":2}\n{"a":3}',
        b'\x1e{"a":1}\n\x1e{"a":2}\n\x1e{"a":3}\n',
        b'INFO exporter {"a":1}\n{"a":2}\n{"a":3}\n',
        b'{"a":1}\n{"a":2}\n{"a":3,}\n',
    ],
)
def test_documents_come_out_alike_however_they_are_arranged(text: bytes) -> None:
    found, notes = read(text)
    assert found == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert notes.rejected == 0
    assert not notes.warnings


def test_a_small_array_is_one_document() -> None:
    assert read(b'[{"a":1},\n {"a":2}]')[0] == [[{"a": 1}, {"a": 2}]]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a":"unfinished',
        b'{"a":[1,2}',
        b'{"a":[{"b":1}',
        b'{"a":',
        b'{"a" 1}',
        b"plain words",
        b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b"{" * 50_000,
    ],
)
def test_one_bad_line_costs_one_line(bad: bytes) -> None:
    found, notes = read(b'{"a":1}\n' + bad + b'\n{"a":2}\n{"a":3}\n')
    assert found == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert notes.rejected == 1
    assert [(w.code, w.where) for w in notes.warnings] == [("bad_record", "line 2")]


def test_a_cut_end_is_reported_with_its_byte() -> None:
    text = b'{"a":1}\n{"a":2}\n{"a":{"b":"c'
    found, notes = read(text)
    assert found == [{"a": 1}, {"a": 2}]
    assert [(w.code, w.where) for w in notes.warnings] == [("truncated", f"byte {len(text)}")]
    assert notes.rejected == 1


def test_places_are_lines_where_a_record_begins_one_and_bytes_elsewhere() -> None:
    assert places(b'{"a":1}\n\n{"a":\n2}{"a":3}\n{"a":4}') == ["line 1", "line 3", "byte 17", "line 5"]


def test_only_the_broken_span_of_a_document_is_lost() -> None:
    text = (
        b'{"resourceSpans":[{"resource":{"r":1},"scopeSpans":[{"spans":[{"id":1},{"id":oops},{"id":3}]}]},'
        b'{"resource":{"r":2},"scopeSpans":[{"spans":[{"id":4}]}]}]}\n{"resourceSpans":[]}'
    )
    found, notes = read(text, **OTLP)
    assert found == [
        {"resource": {"r": 1}, "scopeSpans": [{"spans": [{"id": 1}, {"id": 3}]}]},
        {"resource": {"r": 2}, "scopeSpans": [{"spans": [{"id": 4}]}]},
        {"resourceSpans": []},
    ]
    where = text.index(b'{"id":oops')
    assert [(w.code, w.where) for w in notes.warnings] == [("bad_record", f"byte {where}")]


def linked(number: int) -> bytes:
    link = b'{"id":0,"of":%d}' % number
    return b'{"id":%d,"name":"n","links":[%b,%b],"text":"x","flags":1}' % (number, link, link)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"name"', b'xname"'),
        (b'"name"', b'"name'),
        (b'{"id":3,"n', b'{xid":3,"n'),
        (b'"text":', b'"text"'),
        (b'"links":[', b'"links":'),
        (b'"links":[', b'"links":[['),
        (b',"flags":1}', b""),
    ],
)
@pytest.mark.parametrize("bad_number", [3, 5])
def test_a_wrong_quote_or_bracket_misleads_nobody_about_the_other_spans(
    good: bytes, bad: bytes, bad_number: int
) -> None:
    """Neither the links of the broken span nor the spans of the next scope are taken for its neighbours."""
    spans = [linked(number) for number in range(10)]
    good = good.replace(b"3", b"%d" % bad_number)
    spans[bad_number] = spans[bad_number].replace(good, bad.replace(b"3", b"%d" % bad_number))
    scopes = (
        b'{"scope":{"name":"%b"},"spans":[%b]}' % (name, b",".join(part))
        for name, part in ((b"first", spans[:5]), (b"second", spans[5:]))
    )
    text = b'{"resourceSpans":[{"resource":{},"scopeSpans":[%b]}]}' % b",".join(scopes)
    found, notes = read(text, **OTLP)
    kept = [
        (scope["scope"]["name"], one["id"])
        for group in found if isinstance(group, dict)
        for scope in group["scopeSpans"]
        for one in scope["spans"]
    ]  # fmt: skip
    expected = [("first" if number < 5 else "second", number) for number in range(10) if number != bad_number]
    assert kept == expected
    assert notes.rejected == 1


def test_a_truncated_document_keeps_all_whole_spans() -> None:
    text = b'{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"id":1},{"id":2},{"id":3,"n":"x'
    found, notes = read(text, **OTLP)
    assert found == [{"resource": {}, "scopeSpans": [{"spans": [{"id": 1}, {"id": 2}]}]}]
    assert [w.code for w in notes.warnings] == ["truncated"]
    assert notes.rejected == 1


def test_a_truncated_array_keeps_its_whole_elements() -> None:
    found, notes = read(b'[{"a":1},{"a":2},{"a"')
    assert found == [{"a": 1}, {"a": 2}]
    assert notes.rejected == 1


def test_small_faults_are_mended() -> None:
    text = b'{"a":NaN,"b":[-Infinity,],"c":"line\nbreak","d":"\\ud800!","e":"\\\\ud800","f":"\\ud83d\\ude00"}'
    assert json.loads(mend(text)) == {
        "a": "NaN", "b": ["-Infinity"], "c": "line\nbreak", "d": "\ufffd!", "e": "\\ud800", "f": "\U0001f600",
    }  # fmt: skip


def test_bytes_that_are_not_utf8_are_replaced_with_a_warning() -> None:
    found, notes = read(b'{"a":"caf\xe9"}\n{"a":"ok"}')
    assert found == [{"a": "caf\ufffd"}, {"a": "ok"}]
    assert [(w.code, w.where) for w in notes.warnings] == [("not_utf8", "line 1")]


HUGE = 10_000  # elements, 1.5 MB


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document is huge when it is longer than this and than one block (1 MB)."""
    monkeypatch.setattr(json_stream, "OPEN_FROM", 500_000)


def element(number: int) -> bytes:
    return b'{"id":%d,"text":"%s","nested":[{"id":0}]}' % (number, b"x" * 100)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[", b"]"),
        (b"[\n  ", b"\n]\n"),
        (b'{"resourceSpans":[', b"]}"),
        (b'{"first":{"a":[1]},"result":{"resourceSpans": [', b'],"more":"x"}}'),
    ],
)
def test_a_huge_document_is_read_element_by_element(before: bytes, after: bytes) -> None:
    elements = [element(number) for number in range(HUGE)]
    found, notes = read(before + b",\n".join(elements) + after + b'{"last":1}', **OTLP)
    assert [one["id"] for one in found[:-1] if isinstance(one, dict)] == list(range(HUGE))
    assert found[-1] == {"last": 1}
    assert notes.rejected == 0


@pytest.mark.usefixtures("small_limits")
def test_a_bad_element_of_a_huge_document_costs_itself_alone() -> None:
    elements = [element(number) for number in range(HUGE)]
    elements[777] = elements[777].replace(b'"text"', b"text")
    elements[6_500] = elements[6_500].replace(b'"nested":[', b'"nested":')
    found, notes = read(b"[" + b",".join(elements) + b"]")
    assert {one["id"] for one in found if isinstance(one, dict)} >= set(range(HUGE)) - {777, 6_500}
    assert notes.rejected >= 2
    assert notes.rejected <= 4  # what is inside of a broken record may be counted once more


class Flow(io.RawIOBase):
    """`before`, then `unit` for many times; `given` counts what was read of it."""

    def __init__(self, before: bytes, unit: bytes, times: int) -> None:
        self.given = 0
        self.pieces = self._all(before, unit, times)

    @staticmethod
    def _all(before: bytes, unit: bytes, times: int) -> Iterator[bytes]:
        yield from [before] if before else []
        for _ in range(times // 1_000):
            yield unit * 1_000

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        piece = next(self.pieces, b"")
        self.given += len(piece)
        return piece


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("before", [b"[", b'{"resourceSpans":[', b""])
def test_what_is_held_of_a_document_stays_small_however_long_it_is(before: bytes) -> None:
    flow = Flow(before, element(1) + (b"," if before else b"\n"), 40_000)  # 6 MB
    held = [flow.given - one.byte for one in documents(flow, Notes(), **OTLP)]
    assert len(held) == 40_000
    assert max(held) < 2_500_000


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text('{}[]",:\\\n 1aN', max_size=200).map(str.encode))
def test_any_bytes_end_without_an_error(text: bytes) -> None:
    for one in documents(io.BytesIO(text), Notes(), **OTLP):
        loads(one, Notes())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.text(max_size=4), json_values, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(objects, max_size=5), st.sampled_from([None, 1, "\t"]), st.sampled_from(["", "\n", " \r\n"]))
def test_what_is_written_is_read(values: list[object], indent: int | str | None, between: str) -> None:
    text = between.join(json.dumps(value, indent=indent) for value in values)
    assert read(text.encode())[0] == values


@settings(max_examples=100, deadline=None)
@given(st.lists(objects, min_size=1, max_size=6), st.data())
def test_after_damage_to_one_line_all_others_are_read(values: list[object], data: st.DataObject) -> None:
    lines = [json.dumps(value).encode() for value in values]
    bad = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[bad]) - 1))
    lines[bad] = lines[bad][:cut]
    found = iter(read(b"\n".join(lines))[0])
    assert all(value in found for value in values[:bad] + values[bad + 1 :])  # in order


def test_of_a_broken_object_whose_members_are_the_records_the_sound_ones_stay() -> None:
    text = b'{"trace":{"root":1,"spans":{"1":{"a":1},"2":{"a":2},"3":{"a'
    [found], notes = read(text, records=("trace", "spans"))
    assert found == {"trace": {"root": 1, "spans": {"1": {"a": 1}, "2": {"a": 2}}}}
    assert [warning.code for warning in notes.warnings] == ["truncated"]


def test_a_long_line_cut_off_is_read_in_one_pass() -> None:
    count = 10_000
    record = b'{"a":"' + b"x" * 900 + b'"}'
    start_s = time.process_time()
    found, notes = read(b'{"result":[' + b",".join([record] * count)[:-5], **OTLP)
    assert (len(found), notes.rejected) == (count - 1, 1)
    assert time.process_time() - start_s < 3  # seconds; looking at the rest of the line each time takes many


def test_a_document_says_where_it_is() -> None:
    assert Document(b"{}", 3, 20).where == "line 3"
    assert Document(b"{}", 0, 20, "span 2").where == "byte 20, span 2"
