"""Folds in the address: spelled out while they are few, kept under a short id when they are many."""

from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from hypothesis import given
from hypothesis import strategies as st

from tests.views.parsing import parse, text, with_class
from tests.views.traces import ID, PART, Opened, chain, get, names, rows, span
from webapp.views.trace.folds import MOST_FOLDS, MOST_WRITTEN, Folds

MANY = tuple(f"{number:016x}" for number in range(2, 2 + MOST_WRITTEN + 10))
Kept = dict[str, str]


def keep_in(kept: Kept, folds: Folds) -> Folds:
    def keep(text: str) -> str:
        kept[f"{len(kept):x}"] = text
        return f"{len(kept) - 1:x}"

    return folds.shortened(keep)


def test_few_folds_are_spelled_out() -> None:
    kept: Kept = {}
    folds = keep_in(kept, Folds().toggled("1" * 16).toggled("2" * 16))
    assert folds.text() == f"{'1' * 16}.{'2' * 16}"
    assert folds.toggled("1" * 16).text() == "2" * 16
    assert not kept


def test_many_folds_become_a_short_id_and_what_is_turned_since() -> None:
    kept: Kept = {}
    folds = keep_in(kept, Folds(MANY))
    assert folds.text() == "kept-0"
    turned = folds.toggled(MANY[3]).toggled("f" * 16)
    assert turned.text() == f"kept-0.{MANY[3]}.{'f' * 16}"
    assert set(Folds.read(turned.text(), kept.get).ids) == set(MANY) - {MANY[3]} | {"f" * 16}
    assert turned.of(()).text() == ""


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 150)), max_size=300))
def test_whatever_is_turned_the_address_says_it(steps: list[tuple[bool, int]]) -> None:
    kept: Kept = {}
    folds, shut = Folds(), set()
    for shorten, number in steps:
        shut ^= {f"{number:016x}"}
        folds = folds.toggled(f"{number:016x}")
        if shorten:
            folds = keep_in(kept, folds)
            assert len(folds.turned()) <= MOST_WRITTEN
        folds = Folds.read(folds.text(), kept.get)
        assert set(folds.ids) == shut


def test_only_the_last_of_very_many_folds_are_kept() -> None:
    ids = tuple(f"{number:016x}" for number in range(MOST_FOLDS + 1))
    assert Folds.read(".".join(ids), {}.get).ids == ids[1:]


def test_an_address_in_other_hands_is_harmless() -> None:
    for address in ("kept-", "kept-zz", "kept-0", "kept-0.x", "KEPT-0", "kept-0." + "1" * 16):
        assert Folds.read(address, {}.get).ids in ((), ("1" * 16,))
    assert Folds.read("kept-0", {"0": "no ids <b>"}.get) == Folds((), "0", ())


def address_of(page: Element) -> str:
    return next(part.get("data-url", "") for part in page.iter("section") if part.get("id") == "view")


def carets(page: Element) -> list[str]:
    return [caret.get("href", "").partition("#")[0] for caret in with_class(page, "caret")]


def family(opened: Opened) -> object:
    """A root with 70 children, each with a child of its own."""
    children = [span(n, 1, n, n + 1) for n in range(2, 72)]
    return opened(span(1, 0, 0, 900), *children, *(span(100 + n, n, n, n + 1) for n in range(2, 72)))


def test_by_links_alone_sixty_spans_are_folded_and_one_of_them_opens_again(opened: Opened) -> None:
    client = family(opened)
    page = parse(get(client, fold=".".join(MANY[:45])))
    for child in range(46, 61):
        page = parse(client.get(carets(page)[child]))
    assert len(rows(page)) == 141 - 60
    address = address_of(page)
    assert len(address) < 1000
    assert parse_qs(urlsplit(address).query)["fold"][0].startswith("kept-")
    again = parse(client.get(address))
    assert [row.get("id") for row in rows(again)] == [row.get("id") for row in rows(page)]
    opened_again = parse(client.get(carets(again)[5]))
    assert len(rows(opened_again)) == 141 - 59


def test_the_same_folds_have_the_same_address_whatever_their_order(opened: Opened) -> None:
    client = family(opened)
    one, other = (parse(get(client, fold=".".join(ids))) for ids in (MANY, MANY[::-1]))
    assert address_of(one) == address_of(other)


def test_windows_and_bars_know_kept_folds(opened: Opened) -> None:
    client = family(opened)
    kept = parse_qs(urlsplit(address_of(parse(get(client, fold=".".join(MANY))))).query)["fold"][0]
    window = client.get(f"/trace/{ID}/rows", query_string={"fold": kept, "n": "200"}, headers=PART)
    assert window.headers["X-Rows"] == str(141 - len(MANY))
    assert len(get(client, "/bars", fold=kept).data) == 8 * (141 - len(MANY))


def test_an_unknown_id_is_said_and_the_trace_is_shown_as_without(opened: Opened) -> None:
    client = family(opened)
    response = get(client, fold=f"kept-abcdef.{MANY[0]}")
    page = parse(response)
    assert (response.status_code, with_class(page, "waterfall")[0].get("aria-rowcount")) == (200, "142")
    assert "folds of this address are not kept here" in text(with_class(page, "note")[0])
    version = with_class(page, "wf-box")[0].get("data-version", "")
    stale = client.get(f"/trace/{ID}/rows", query_string={"fold": "kept-abcdef", "v": version}, headers=PART)
    assert stale.status_code == 409


def test_a_span_below_many_folds_is_shown_at_the_depth_that_was_chosen(opened: Opened) -> None:
    client = opened(*chain(60))
    response = get(client, f"/show/{60:016x}", depth="1")
    state = parse_qs(urlsplit(response.headers["Location"]).query)
    assert state["depth"] == ["1"]
    assert state["fold"][0].startswith("kept-")
    assert names(parse(client.get(response.headers["Location"])))[-1] == "step 60"


def test_what_more_folds_hide_than_are_kept_is_shown_with_all_levels(opened: Opened) -> None:
    depth = MOST_FOLDS + 5
    client = opened(*(span(level, level - 1, 0, 10) for level in range(1, depth + 1)))
    response = get(client, f"/show/{depth:016x}", depth="1")
    state = parse_qs(urlsplit(response.headers["Location"]).query)
    assert (state["depth"], "fold" in state) == (["0"], False)
