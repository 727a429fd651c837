from tests.analysis.drawing import columns_of, span
from webapp.analysis.tree import repair
from webapp.model.spans import Kind

MS = 1_000_000


def test_hosts_joined_only_by_calls_that_cannot_tell_are_left_alone() -> None:
    forest = repair(
        columns_of(
            [
                span("a", "", 0, 100, kind=Kind.SERVER, service="a", host="h1"),
                span("c", "a", 10, 60, kind=Kind.CLIENT, service="a", host="h1"),
                span("b", "c", 500, 530, kind=Kind.SERVER, service="b", host="h2"),
                span("d", "a", 70, 90, kind=Kind.SERVER, service="d", host="h3"),  # its client sent no span
            ]
        )
    )
    assert sorted(forest.offset_ns.tolist()) == [-480 * MS, 0, 0, 0]
