"""Who may import whom (the rule is in the test that fails)."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "webapp"
RANK = {
    "model": 0, "query": 0, "errors": 0, "assets": 0, "settings": 0, "progress": 0, "scratch": 0, "working": 0,
    "formats": 1, "analysis": 1, "store": 1, "charts": 1,
    "loading": 2, "views": 3, "listeners": 3, "guard": 3, "app": 4, "server": 5, "lanes": 5, "bodies": 5, "terminal": 5,
    "cli": 6, "__main__": 7, "__init__": 0,
}  # fmt: skip
ONLY = {
    "duckdb": {"store"},
    "plotly": {"charts"},
    "flask": {"app", "views", "guard", "server"},
    "waitress": {"server", "lanes", "bodies"},
    "grpc": {"listeners"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_room_imports_only_rooms_below_it(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        if own == "__init__" or parts[0] != "webapp" or len(parts) < 2 or parts[1] not in RANK:
            continue
        other = parts[1]
        second_rank = RANK[own] == RANK["store"]
        below = RANK[other] < RANK[own] or other == own or (RANK[own] == RANK[other] and not second_rank)
        assert below, f"{own} must not import {other}: rooms know only those below them ({path})"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_engines_and_frameworks_stay_in_their_rooms(path: Path) -> None:
    for name in imports(path):
        library = name.split(".")[0]
        if library in ONLY:
            assert room(path) in ONLY[library], f"only {ONLY[library]} may import {library} ({path})"


def test_only_fragments_names_htmx_headers() -> None:
    for path in MODULES:
        if path.name != "fragments.py":
            assert '"HX-' not in path.read_text(), (
                f"{path} names an HX- header; views/fragments.py is the room for that"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_module_says_what_it_is_for_and_is_not_too_long(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is for"
    assert text.count("\n") <= 300, (
        f"{path} has {text.count(chr(10))} lines: look for the two things it is doing"
    )
