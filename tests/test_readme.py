"""README tells what there is: formats, settings, verbs, keys of the language."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from webapp import cli
from webapp.formats import FORMATS
from webapp.query import OWN_KEYS, TRACE_KEYS
from webapp.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", [found.NAME for found in FORMATS])
def test_every_format_is_told(name: str) -> None:
    assert f"(`{name}`)" in README


@pytest.mark.parametrize("name", [setting.name for setting in fields(Settings)])
def test_every_setting_is_told(name: str) -> None:
    assert f"`TAILRACE_{name.upper()}`" in README


@pytest.mark.parametrize("verb", sorted(cli.main.commands))
def test_every_verb_is_told(verb: str) -> None:
    assert re.search(rf"tailrace {verb}\b", README)


@pytest.mark.parametrize("key", [*OWN_KEYS, *(f"trace.{key}" for key in TRACE_KEYS)])
def test_every_key_of_the_language_is_told(key: str) -> None:
    assert f"`{key}`" in README


def test_every_file_that_is_linked_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
