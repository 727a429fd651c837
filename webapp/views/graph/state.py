"""The address of the service graph as an object, changed by `url(**changes)`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from webapp import query as language
from webapp.views.state import SearchState

SIZES = {"path": "Critical path", "calls": "Calls", "errors": "Errors"}
FORMS = {"graph": "Graph", "matrix": "Matrix", "table": "Table"}
HOPS = ("1", "2", "3", "4")
GROUPS = {"": "Services", "namespace": "Namespaces"}
LEAST = {"0": "all", "": "1%", "5": "5%", "20": "20%"}  # of the calls of an end, for a connection to be drawn


@dataclass(frozen=True, slots=True)
class GraphState:
    """`q`: of traces that match only. `focus` is a node's name, `hops` how far around it is drawn; `by` what the bars
    in the cards measure; `min` the least part of the calls of one of its ends that a connection must have to be drawn,
    in percent; `all` lists every connection. `group`: services of a namespace are one node, but those of `open`.

    Without `form`, a graph that is too large to be drawn whole opens as its table.
    """

    q: str = ""
    focus: str = ""
    hops: str = "2"
    by: str = "path"
    form: str = ""
    from_: str = ""
    to: str = ""
    min: str = ""
    all: str = ""
    group: str = ""
    open: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "GraphState":
        """What is unknown falls back to the default."""
        chosen = {
            name: given.get(name, "")
            for name, known in (
                ("hops", HOPS),
                ("by", SIZES),
                ("form", FORMS),
                ("min", LEAST),
                ("group", GROUPS),
            )
            if given.get(name, "") in known
        }
        return cls(
            q=given.get("q", "").strip(),
            focus=given.get("focus", ""),
            from_=given.get("from", "").strip(),
            to=given.get("to", "").strip(),
            all="1" if given.get("all") else "",
            open=given.get("open", "") if given.get("group", "") in GROUPS and given.get("group") else "",
            **chosen,
        )

    def parameters(self) -> dict[str, str]:
        return {
            field.name.rstrip("_"): getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def url(self, **changes: str) -> str:
        given = replace(self, **changes).parameters()
        return "/graph" + (f"?{urlencode(given)}" if given else "")

    @property
    def least(self) -> float:
        return int(self.min or "1") / 100

    def search(self, term: str = "", sort: str = "newest") -> SearchState:
        """The traces of this graph that also fit `term`."""
        return SearchState(q=language.add_term(self.q, term), from_=self.from_, to=self.to, sort=sort)
