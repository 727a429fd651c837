"""The query string of `/insights` as an object. Every address of the page is made here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from webapp.model.insights import InsightsAsked
from webapp.model.thresholds import DEFAULTS, Least, amount_of, parts_of, replaced
from webapp.query import Window, write_term
from webapp.views.state import SearchState

PAGE = "/insights"


@dataclass(frozen=True, slots=True)
class InsightsState:
    """`kind` is a code or a fingerprint; `hide` codes; `least` thresholds as they were written, by `code.part`."""

    kind: str = ""
    service: str = ""
    from_: str = ""
    to: str = ""
    since: str = ""
    hide: tuple[str, ...] = ()
    least: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "InsightsState":
        """What is no kind, no threshold is left out: an address typed by hand must still open the page."""
        hidden = (code.strip() for code in given.get("hide", "").split(","))
        names = [f"{code}.{part}" for code in DEFAULTS for part in parts_of(code)]
        return cls(
            kind=given.get("kind", "").strip(),
            service=given.get("service", "").strip(),
            from_=given.get("from", "").strip(),
            to=given.get("to", "").strip(),
            since=given.get("since", "").strip(),
            hide=tuple(dict.fromkeys(code for code in hidden if code in DEFAULTS)),
            least={name: given[name].strip() for name in names if given.get(name, "").strip()},
        )

    def parameters(self) -> dict[str, str]:
        plain = {
            "kind": self.kind,
            "service": self.service,
            "from": self.from_,
            "to": self.to,
            "since": self.since,
        }
        plain["hide"] = ",".join(self.hide)
        return {name: text for name, text in {**plain, **self.least}.items() if text}

    def url(self, path: str = PAGE, /, **changes: object) -> str:
        parameters = replace(self, **changes).parameters()  # type: ignore[arg-type]
        return f"{path}?{urlencode(parameters)}" if parameters else path

    def url_fields(self) -> list[tuple[str, str]]:
        """What a form of thresholds has to carry along."""
        return [(name, text) for name, text in self.parameters().items() if name not in self.least]

    def hiding(self, code: str) -> str:
        return self.url(hide=(*self.hide, code), kind="")

    def showing(self, code: str) -> str:
        return self.url(hide=tuple(each for each in self.hide if each != code))

    def search(self, key: str, value: str) -> SearchState:
        """The traces of one finding, in the same window."""
        return SearchState(q=write_term(key, "=", value), from_=self.from_, to=self.to)

    def amounts(self) -> tuple[dict[str, Least], list[str]]:
        """The thresholds of the address by code, and which of them are none."""
        found: dict[str, Least] = {}
        wrong = []
        for name, text in self.least.items():
            code, part = name.split(".")
            amount = amount_of(part, text)
            if amount is None:
                wrong.append(f"“{text}” is no threshold for {name}.")
            else:
                found[code] = replaced(found.get(code, Least()), part, amount)
        return found, wrong

    def asked(self, window: Window) -> InsightsAsked:
        return InsightsAsked(
            self.kind, self.service, window.from_ns, window.to_ns, self.hide, self.amounts()[0]
        )
