"""What counts as the same operation, and the rules by which frames join to paths."""

import numpy as np
import pytest

from tests.analysis.drawing import draw, plain_columns
from webapp.analysis.call_path import depths, operation, path_ids
from webapp.analysis.tree import repair
from webapp.model.columns import SpanColumns


def paths(columns: SpanColumns) -> list[int]:
    forest = repair(columns)
    return [int(path) for path in path_ids(forest, depths(forest))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GET /users/42", "GET /users/{id}"),
        ("GET /users/42/orders/7?page=3", "GET /users/{id}/orders/{id}"),
        ("GET /a/123e4567-e89b-12d3-a456-426614174000", "GET /a/{id}"),
        ("GET /blob/9f86d081884c", "GET /blob/{id}"),
        ("GET /t/eyJhbGciOiJIUzI1NiIsInR5cCI6", "GET /t/{id}"),
        ("lock row 17", "lock row {id}"),
        ("HGET user:1001", "HGET user:{id}"),
        ("GET /v1/orders", "GET /v1/orders"),
        ("HTTP/1.1 GET", "HTTP/1.1 GET"),
        ("SELECT order_items", "SELECT order_items"),
        ("/feedback/deadbeef", "/feedback/deadbeef"),
        ("com.example.VeryLongServiceName/Call", "com.example.VeryLongServiceName/Call"),
        ("is it there ?", "is it there ?"),
    ],
)
def test_an_operation_is_the_name_without_what_differs_from_call_to_call(name: str, expected: str) -> None:
    assert operation(name) == expected


def test_names_that_differ_by_a_number_are_on_one_path() -> None:
    root, first, second = paths(draw("r w/go S |------|\na<r db/get/1 C |--    |\nb<r db/get/2 C |   -- |"))
    assert first == second != root


def test_recursion_stays_on_its_path() -> None:
    root, again, other = paths(draw("r w/walk S |------|\na<r w/walk I | ---- |\nb<a w/stop I |  --  |"))
    assert root == again != other


def test_a_client_and_its_only_server_are_one_frame_when_their_operations_agree() -> None:
    picture = "r w/go S |------|\nc<r w/pay C | ---- |\ns<c pay/{} S |  --  |"
    _, client, server = paths(draw(picture.format("pay")))
    assert client == server
    _, client, server = paths(draw(picture.format("charge")))
    assert client != server


def test_a_client_with_two_servers_keeps_its_own_frame() -> None:
    _, client, first, second = paths(
        draw("r w/go S |------|\nc<r w/pay C | ---- |\ns<c pay/pay S |  -   |\nt<c pay/pay S |   -  |")
    )
    assert client != first == second


def test_below_128_calls_the_path_grows_no_further() -> None:
    count = 1_000
    columns = plain_columns(
        np.arange(1, count + 1),
        np.arange(count),
        np.full(count, 10**9),
        np.full(count, 2 * 10**9),
        name=np.arange(count) % 2,
        names=["even", "odd"],
    )
    found = paths(columns)
    assert len(set(found[:128])) == 128
    assert set(found[127:]) == {found[127]}


def test_the_number_of_a_path_never_changes_since_it_is_stored() -> None:
    assert paths(draw("r web/GET S |------|\na<r db/query C | ---- |")) == [
        17188760835890973391,
        2438860606502480748,
    ]
