"""Settings: defaults < environment < flags, and no open door by accident."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from webapp.errors import BadSetting
from webapp.settings import Settings


def test_flags_win_over_environment_over_defaults() -> None:
    settings = Settings.load({"TAILRACE_PORT": "9000", "TAILRACE_THREADS": "4"}, port=9001, host=None)
    assert (settings.port, settings.threads, settings.host) == (9001, 4, "127.0.0.1")


def test_a_setting_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(BadSetting) as problem:
        Settings.load({"TAILRACE_PORT": "eighty"})
    assert problem.value.where == "port"


def test_an_address_that_others_reach_needs_consent() -> None:
    with pytest.raises(BadSetting):
        Settings.load({}, host="0.0.0.0")  # noqa: S104
    assert Settings.load({"TAILRACE_ALLOW_ANONYMOUS": "yes"}, host="0.0.0.0").host == "0.0.0.0"  # noqa: S104


def test_a_folder_to_watch_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as problem:
        Settings.load({"TAILRACE_WATCH": f"{tmp_path},{tmp_path / 'none'}"})
    assert (problem.value.where, str(tmp_path / "none") in problem.value.message) == ("watch", True)


def test_further_host_names_are_known() -> None:
    settings = Settings.load({"TAILRACE_HOSTS": "Traces.example, other "})
    assert {"traces.example", "other", "localhost", "127.0.0.1"} <= settings.known_hosts


@pytest.mark.parametrize("name", ["threads", "max_body_bytes", "max_upload_mb", "trace_cache_mb"])
def test_a_setting_that_would_stop_everything_is_refused(name: str) -> None:
    with pytest.raises(BadSetting) as problem:
        Settings.load({f"TAILRACE_{name.upper()}": "0"})
    assert problem.value.where == name


@pytest.mark.parametrize("name", [setting.name for setting in fields(Settings)])
def test_every_setting_is_read(name: str) -> None:
    """By a room, as `settings.port`, or by the settings themselves, which turn `hosts` into known names."""
    package = Path(__file__).parent.parent / "webapp"
    code = "".join(room.read_text() for room in package.rglob("*.py"))
    assert re.search(rf"\b(settings|self)\.{name}\b", code)


def test_links_come_from_the_environment_or_from_flags_and_are_checked() -> None:
    environment = {"TAILRACE_LINKS": "https://a.example/{name}, Wiki=https://b.example/{service.name}"}
    assert Settings.load(environment).links == (
        "https://a.example/{name}", "Wiki=https://b.example/{service.name}",
    )  # fmt: skip
    assert Settings.load(environment, links=("https://c.example/",)).links == ("https://c.example/",)
    with pytest.raises(BadSetting):
        Settings.load({}, links=("javascript:alert(1)",))
