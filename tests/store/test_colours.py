from tests.store.shop import make_span
from webapp.store import Store
from webapp.store.writing.colours import choose_slots, fnv1a


def test_the_hash_is_fnv1a_of_32_bits() -> None:
    assert fnv1a("") == 0x811C9DC5
    assert fnv1a("foobar") == 0xBF9CF968


def test_ten_services_get_ten_colours_and_then_they_repeat_evenly() -> None:
    services = [f"service-{number}" for number in range(30)]
    slots = choose_slots([], services)
    assert slots[0] == fnv1a("service-0") % 10
    assert sorted(slots[:10]) == list(range(10))
    assert all(slots.count(slot) == 3 for slot in range(10))


def test_a_colour_once_given_stays() -> None:
    with Store.open(None) as store:
        store.append([make_span(1, service="b")], 1)
        store.settle()
        before = store.service_slots()
        store.append([make_span(2, service="a")], 1)
        assert store.service_slots() == before
        store.settle()
        assert store.service_slots()["b"] == before["b"]
        assert store.service_slots()["a"] != before["b"]
