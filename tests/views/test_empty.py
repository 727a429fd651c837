"""Pages of a store without spans, and of services without calls: what to do next is said."""

from pathlib import Path

from tests.planted import stored
from tests.views.parsing import parse, text
from tests.views.traces import span
from webapp.app import create_app
from webapp.loading import load
from webapp.model.spans import Kind
from webapp.progress import Progress
from webapp.store import Store


def test_a_store_without_spans_says_which_files_gave_none_and_why(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"<b>{number}.json").write_text('{"a": 1}')
    with Store.open(None) as store:
        load([str(tmp_path)], store, Progress())
        page = create_app(store).test_client().get("/traces")
    said = text(parse(page))
    assert "6 files gave no spans" in said
    assert "This looks like JSON with the keys a." in said
    assert "and 1 more." in said
    assert "<b>0.json" not in page.text


def test_services_whose_spans_are_no_calls_are_counted_and_lead_to_all_spans() -> None:
    root = span(1, kind=Kind.SERVER, service="web")
    with stored([root, span(2, 1, kind=Kind.UNSPECIFIED, service="adverts")]) as store:
        client = create_app(store).test_client()
        page = client.get("/services")
        assert "1 service has spans, but none that is a call." in text(parse(page))
        assert page.text.count('<span class="muted">0%</span>') == 1  # of no calls no part fails
        assert "none that is a call" not in client.get("/services?count=all").text
