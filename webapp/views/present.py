"""Jinja filters and globals: numbers, times, service colours, icons. How numbers are written is `model/display.py`."""

from datetime import UTC, datetime

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup

from webapp import __version__, assets
from webapp.model import display
from webapp.model.link_templates import LinkTemplate, parse_links
from webapp.model.thresholds import Thresholds, parse_thresholds
from webapp.settings import Settings
from webapp.store import Store
from webapp.views import preferences

_DATED_NS = 100_000_000 * 1_000_000_000  # in March 1973
TAIL_SAMPLED = "Kept by tail sampling: rates and percentiles describe the kept traces."


def store() -> Store:
    """The store of the running application."""
    opened: Store = current_app.config["store"]
    return opened


def tail_note() -> str:
    """What to say of counts when somebody chose which traces to keep; "" otherwise."""
    return TAIL_SAMPLED if store().services.tail_sampled() else ""


def link_templates() -> tuple[LinkTemplate, ...]:
    """The user's links to other systems."""
    settings: Settings = current_app.config["settings"]
    return parse_links(settings.links)


def thresholds() -> Thresholds:
    """From where on each known pattern counts."""
    settings: Settings = current_app.config["settings"]
    return parse_thresholds(settings.thresholds)


def slot(service: str) -> int:
    """Colour slot 0-9 of a service, as stored at first sight."""
    if "slots" not in g:
        g.slots = store().service_slots()
    return int(g.slots.get(service, 0))


def moment(ns: int) -> datetime:
    """To the microsecond, in the zone that the user chose."""
    return (
        datetime.fromtimestamp(ns // 1_000_000_000, UTC)
        .astimezone(preferences.zone())
        .replace(microsecond=ns % 1_000_000_000 // 1000)
    )


def dated(ns: int) -> bool:
    """Whether a time is one of the calendar: clocks that begin at zero, as those of browsers' profilers, tell none."""
    return ns >= _DATED_NS


def clock(ns: int) -> str:
    """`10:32:07.123`; without a date, what its clock showed."""
    shown = moment(ns) if dated(ns) else datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{shown:%H:%M:%S}.{ns % 1_000_000_000 // 1_000_000:03d}"


def day(ns: int) -> str:
    """`20 Nov 2025`."""
    return f"{moment(ns):%-d %b %Y}" if dated(ns) else "no date"


def ago(ns: int, now_ns: int) -> str:
    """`2 min ago`, against a moment that the page names."""
    seconds = max(0, now_ns - ns) // 1_000_000_000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def time_tag(ns: int, text: str | None = None) -> Markup:
    """A <time> element whose title holds the exact nanoseconds."""
    shown = text if text is not None else clock(ns)
    if not dated(ns):
        return Markup('<span title="{} ns since its clock began; no date was recorded">{}</span>').format(
            f"{ns:,}", shown
        )
    exact = f"{day(ns)} {moment(ns):%H:%M:%S}.{ns % 1_000_000_000:09d} {preferences.zone_name()}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(display.iso(ns), exact, shown)


def took(ns: int) -> Markup:
    """A duration whose title holds the exact nanoseconds."""
    return Markup('<span title="{} ns">{}</span>').format(f"{ns:,}", display.duration(ns))


def static_url(name: str) -> str:
    """An address that changes with the content. Scripts share a folder that does, since they import each other."""
    folder, _, script = name.partition("/")
    if folder == "js":
        return url_for("static", filename=f"js/{assets.fingerprint('js')}/{script}")
    return url_for("static", filename=name, v=assets.fingerprint(name))


def sheets_url(*names: str) -> str:
    """Of several sheets as one."""
    return url_for("static", filename=f"css/{','.join(names)}.css", v=assets.fingerprint("css"))


def _here() -> str:
    return request.full_path.rstrip("?")


def short_id(trace_id: str) -> str:
    """The half of a trace id that tells it from others: a 64-bit one has only zeros in the first."""
    first, second = trace_id[:16], trace_id[16:]
    return first if first.strip("0") else second


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        duration=display.duration,
        offset=display.offset,
        share=display.share,
        count=display.count,
        size=display.size,
        slot=slot,
        clock=clock,
        day=day,
        iso=display.iso,
        short_id=short_id,
    )
    app.jinja_env.tests["dated"] = dated
    app.jinja_env.globals.update(
        ago=ago,
        plural=display.plural,
        time_tag=time_tag,
        took=took,
        static_url=static_url,
        sheets_url=sheets_url,
        tail_note=tail_note,
        version=__version__,
    )

    @app.context_processor
    def frame() -> dict[str, object]:
        """What the frame of every page shows."""
        return {
            "theme": preferences.theme(),
            "zone": preferences.zone_name(),
            "local_zone": preferences.local_zone_name(),
            "here": _here(),
            "span_total": store().span_total(),
        }
