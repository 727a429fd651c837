"""Theme and time zone: two small forms that set a cookie, and what the other views read from them."""

from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("preferences", __name__)
THEMES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


def attributes() -> str:
    """How attributes are arranged, "" unless the user chose."""
    chosen = request.cookies.get("attributes", "")
    return chosen if chosen == "tree" else ""


def keep_attributes(response: Response, chosen: str) -> None:
    """What an address asks for is how the user wants to see attributes from now on."""
    if chosen and chosen != request.cookies.get("attributes", "flat"):
        response.set_cookie("attributes", chosen, max_age=_YEAR, samesite="Lax", httponly=True)


@cache
def _zones() -> frozenset[str]:
    """The zones this machine knows: half a thousand files to look at, so only once."""
    return frozenset(available_timezones())


def theme() -> str:
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else "system"


def zone_name() -> str:
    """The zone in which times are shown, "UTC" unless the user chose another."""
    chosen = request.cookies.get("zone", "")
    return chosen if chosen and chosen in _zones() else "UTC"


def local_zone_name() -> str:
    """The server's own zone, offered until a script of the page knows the browser's."""
    target = Path("/etc/localtime").resolve()
    name = "/".join(target.parts[-2:])
    return name if name in _zones() and name != "Etc/UTC" else "Europe/London"


def zone() -> tzinfo:
    name = zone_name()
    return UTC if name == "UTC" else ZoneInfo(name)


@blueprint.post("/theme")
def set_theme() -> BaseResponse:
    chosen = request.form.get("theme", "")
    return _back_with("theme", chosen if chosen in THEMES else "system")


@blueprint.post("/zone")
def set_zone() -> BaseResponse:
    chosen = request.form.get("zone", "")
    return _back_with("zone", chosen if chosen in _zones() else "UTC")


def _back_with(cookie: str, value: str) -> BaseResponse:
    target = request.form.get("back", "/")
    # only a path of this site: "//host" and "/\host" would leave it
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        target = "/"
    response: BaseResponse | Response = redirect(target, 303)
    response.set_cookie(cookie, value, max_age=_YEAR, samesite="Lax", httponly=False)
    return response
