import pytest

from webapp.formats.zipkin.tags import named_attributes


def test_an_event_with_attributes_is_unwrapped() -> None:
    assert named_attributes('{"cache.miss": {"key": "card:4242", "size": 3}}') == (
        "cache.miss",
        {"key": "card:4242", "size": 3},
    )


@pytest.mark.parametrize(
    "text",
    [
        "ws",
        "",
        "{",
        '{"name": "text"}',
        '{"a": {}, "b": {}}',
        "{}",
        '{"a": ' + '{"b": ' * 5_000 + "1" + "}" * 5_001,
    ],
)
def test_any_other_text_is_the_name(text: str) -> None:
    assert named_attributes(text) == (text, {})
