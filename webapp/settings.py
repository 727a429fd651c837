"""All settings in one frozen object: defaults < environment < flags. Nothing else reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

from webapp.errors import BadSetting
from webapp.model.link_templates import parse_links, split_links
from webapp.model.retention import Limits, Policy, parse_age, parse_keep, parse_size
from webapp.model.thresholds import parse_thresholds

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Each setting can be given as a flag (`--row-window`) or in the environment (`TAILRACE_ROW_WINDOW`)."""

    # Address to listen on. Anything but loopback needs `allow_anonymous`, since there is no sign-in yet.
    host: str = "127.0.0.1"
    # Port of the pages.
    port: int = 8080
    # DuckDB file to keep the spans in; empty keeps them in memory and forgets them at the end.
    db: str = ""
    # Serve on an address that others can reach, without any sign-in.
    allow_anonymous: bool = False
    # Further host names under which the server may be asked, separated by commas (a reverse proxy's name).
    hosts: str = ""
    # What the columns of tables hold that are called otherwise than known: COLUMN=FIELD, separated by commas.
    map: tuple[str, ...] = ()
    # Links from spans and traces to other systems: LABEL=https://host/path/{key}, separated by commas.
    links: tuple[str, ...] = ()
    # From where on a pattern counts as a finding: CODE.count=NUMBER, CODE.time=DURATION, CODE.share=PERCENT or
    # CODE=off, separated by commas (gap.time=200ms). The codes are those of /insights.
    thresholds: tuple[str, ...] = ()
    # Sites whose pages may send spans here, separated by commas (http://localhost:3000); * for all.
    cors_origin: tuple[str, ...] = ()
    # Receive also on the ports that protocols are known by: 4317 (OTLP over gRPC), 4318 (OTLP over HTTP),
    # 9411 (Zipkin), 14268 (Jaeger over HTTP) and 8126 (Datadog agent).
    receive: bool = False
    # Each of them by itself, at any port; 0 for none.
    otlp_grpc_port: int = 0
    otlp_port: int = 0
    zipkin_port: int = 0
    jaeger_port: int = 0
    datadog_port: int = 0
    # Receive what Jaeger's clients send to an agent: UDP on 6831 (compact) and 6832 (binary).
    jaeger_udp: bool = False
    # Receive what X-Ray's SDKs send to a daemon: UDP on 2000.
    xray_udp: bool = False
    # The most that the store may take, as 500MB or 2GB: the oldest traces are removed when it is more.
    max_size: str = ""
    # How long ago a received trace may have begun, as 12h or 7d: older ones are removed.
    max_age: str = ""
    # Which received traces stay once they are quiet, as errors,slow=1s,others=10%; all of them when empty.
    keep: tuple[str, ...] = ()
    # Folders of which new and growing files are read while serving, separated by commas.
    watch: tuple[str, ...] = ()
    # Threads that answer requests for pages; four times as many take spans, and mostly wait for the disk.
    threads: int = 16
    # Largest request body in bytes, as sent and decompressed.
    max_body_bytes: int = 20_000_000
    # Megabytes of files that a page may send at once; as much of what was sent is kept, to be read again.
    max_upload_mb: int = 4_000
    # Megabytes of analysed traces that are kept at hand.
    trace_cache_mb: int = 512

    @classmethod
    def load(cls, environment: Mapping[str, str], **flags: object) -> Self:
        """Settings from `TAILRACE_*` and from flags that are not None.

        Raises:
            BadSetting: a value that is no number where one is needed, a link that leads to no web page, or an
                open address without consent.
        """
        given: dict[str, object] = {}
        for setting in fields(cls):
            raw: object = environment.get(f"TAILRACE_{setting.name.upper()}")
            if flags.get(setting.name) is not None:
                raw = flags[setting.name]
            if raw is not None:
                given[setting.name] = _typed(setting.name, raw, type(setting.default))
        settings = replace(cls(), **given)  # type: ignore[arg-type]
        settings.check()
        return settings

    def check(self) -> None:
        """Raise BadSetting for what cannot be served."""
        if self.host not in LOOPBACK and not self.allow_anonymous:
            raise BadSetting(
                f"{self.host} can be reached by others, and Tailrace has no sign-in.",
                where="host",
                hint="Listen on 127.0.0.1, or say --allow-anonymous if everybody there may read the traces.",
            )
        for name, least in (
            ("threads", 1),
            ("max_body_bytes", 1_000),
            ("max_upload_mb", 1),
            ("trace_cache_mb", 1),
        ):
            if getattr(self, name) < least:
                raise BadSetting(
                    f"{getattr(self, name)} is too little.", where=name, hint=f"Use {least:,} or more."
                )
        for name in ("port", "otlp_grpc_port", "otlp_port", "zipkin_port", "jaeger_port", "datadog_port"):
            if not 0 <= getattr(self, name) <= 65535:
                raise BadSetting(f"{getattr(self, name)} is not a port.", where=name, hint="Use 1 to 65535.")
        for folder in self.watch:
            if not Path(folder).exists():
                raise BadSetting(
                    f"There is no {folder}.",
                    where="watch",
                    hint="Make the folder first, or name another one.",
                )
        parse_links(self.links)
        parse_thresholds(self.thresholds)
        parse_size(self.max_size)
        parse_age(self.max_age)
        parse_keep(self.keep)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Host names that a request may ask for, in lower case and without port."""
        further = (name.strip().lower() for name in self.hosts.split(","))
        return frozenset({*LOOPBACK, self.host.lower(), *filter(None, further)})

    def url(self, port: int) -> str:
        """Of what listens there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}"

    @property
    def limits(self) -> Limits:
        return Limits(parse_size(self.max_size), parse_age(self.max_age))

    @property
    def policy(self) -> Policy | None:
        return parse_keep(self.keep)

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of that site may send spans."""
        return bool(origin) and ("*" in self.cors_origin or origin in self.cors_origin)


def _typed(name: str, raw: object, kind: type) -> object:
    if isinstance(raw, kind):
        return raw
    text = str(raw)
    if name == "links":
        return split_links(text)
    if kind is tuple:
        return tuple(part for part in text.split(",") if part.strip())
    if kind is bool:
        return text.lower() in {"1", "true", "yes", "on"}
    try:
        return kind(text)
    except ValueError:
        raise BadSetting(f"{text!r} is not a number.", where=name, hint="Give a whole number.") from None
