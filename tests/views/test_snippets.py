"""What is offered to be copied is right for the address that the page was opened at."""

import json

from flask.testing import FlaskClient

from tests.views.sending import traces_of
from webapp.app import create_app
from webapp.store import Store
from webapp.views.sources.snippets import snippets_for


def test_the_curl_snippet_sends_a_span() -> None:
    snippet = snippets_for("http://localhost:8080")["curl"]
    _, _, quoted = snippet.partition("--data-binary '")
    body = quoted.replace("'$(date +%s)'", "1700000000").removesuffix("'")
    assert "'" not in body
    with Store.open(None) as store:
        client: FlaskClient = create_app(store).test_client()
        answer = client.post("/v1/traces", json=json.loads(body))
        assert (answer.status_code, answer.get_json()) == (200, {})
        assert traces_of(client, spans=1)[0]["root"] == {"service": "my-service", "name": "hello"}


def test_sdks_are_told_to_send_spans_alone() -> None:
    snippets = snippets_for("http://localhost:8080")
    for title in ("Any OpenTelemetry SDK", "Python", "Node"):
        assert "OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none" in snippets[title]


def test_addresses_are_those_of_the_page() -> None:
    snippets = snippets_for("http://[::1]:8080")
    assert "=[::1]:2000" in snippets["X-Ray"]
    assert 'dsn="http://any@[::1]:8080/1"' in snippets["Sentry"]
    assert "=http://[::1]:8080/api/v2/spans" in snippets["Zipkin"]
    assert "=trace.example:2000" in snippets_for("https://trace.example")["X-Ray"]
    assert not any("$URL" in text or "$HOST" in text or "$DSN" in text for text in snippets.values())
