"""Archives: every file in one is read by itself, whatever becomes of the others, however large it wants to be."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.test_sniff import LINE, Pipe
from webapp import formats
from webapp.errors import TailraceError
from webapp.formats import Limits

GOOD = {
    "a.json": LINE,
    "deep/er/b.json.gz": gzip.compress(LINE * 2),
    "deep/c.jsonl.zst": zstandard.compress(LINE * 3),
}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


class Forward(io.RawIOBase):
    """Cannot seek: sizes are written after what they measure."""

    def __init__(self) -> None:
        self.text = b""

    def writable(self) -> bool:
        return True

    def write(self, text: bytes) -> int:  # type: ignore[override]
        self.text += bytes(text)
        return len(text)


def streamed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = Forward()
    with zipfile.ZipFile(out, "w", method) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            archive.writestr(name, content)
    return out.text


def tarred(files: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("deep")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "zip without compression": lambda files: zipped(files, zipfile.ZIP_STORED),
    "zip of bzip2": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip written to a pipe": streamed,
    "zip written to a pipe without compression": lambda files: streamed(files, zipfile.ZIP_STORED),
    "tar": tarred,
    "tar of GNU": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.zst": lambda files: zstandard.compress(tarred(files)),
}


def read(text: bytes, limits: Limits | None = None, stream: io.IOBase | None = None) -> dict[str, object]:
    """By name: the spans, or the words of a refusal."""
    found: dict[str, object] = {}
    for content in formats.contents(stream or io.BytesIO(text), "x", limits):  # type: ignore[arg-type]
        try:
            reading = formats.read_unpacked(content)
            found[content.name] = sum(len(batch) for batch in reading)
        except TailraceError as error:
            found[content.name] = str(error)
    return found


@pytest.mark.parametrize("kind", ARCHIVES)
def test_each_file_of_an_archive_is_read_by_itself(kind: str) -> None:
    expected = {"x/a.json": 1, "x/deep/er/b.json.gz": 2, "x/deep/c.jsonl.zst": 3}
    text = ARCHIVES[kind](GOOD)
    assert read(text) == expected
    assert read(b"", stream=Pipe(text)) == expected


@pytest.mark.parametrize("kind", ARCHIVES)
def test_files_that_are_no_traces_are_named_and_the_others_read(kind: str) -> None:
    hidden = {"__MACOSX/._a.json": b"\x00\x05", ".git/config": b"[core]", "b/.DS_Store": b"\x00"}
    text = ARCHIVES[kind]({"README.md": b"Dear reader,\n" * 50_000, **hidden, "empty": b"", **GOOD})
    found = read(text)
    assert "plain text" in str(found.pop("x/README.md"))
    assert "empty" in str(found.pop("x/empty"))
    assert list(found.values()) == [1, 2, 3]


@pytest.mark.parametrize("kind", ARCHIVES)
def test_long_and_foreign_names_are_kept(kind: str) -> None:
    long = "folder/" * 30 + "grüße-" + "n" * 60 + ".json"
    assert read(ARCHIVES[kind]({long: LINE})) == {f"x/{long}": 1}


def test_names_are_shown_without_what_says_nothing() -> None:
    assert read(tarred({"./a.json": LINE, "/b//c.json": LINE, "d\n.json": LINE})) == {
        "x/a.json": 1,
        "x/b/c.json": 1,
        "x/d\ufffd.json": 1,
    }


def test_two_files_of_one_name_are_told_apart() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for _ in range(2):
            info = tarfile.TarInfo("a.json")
            info.size = len(LINE)
            archive.addfile(info, io.BytesIO(LINE))
    assert read(out.getvalue()) == {"x/a.json": 1, "x/a.json (2)": 1}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_in_archives_are_opened_up_to_a_depth(kind: str) -> None:
    inner = zipped({"c.json": LINE})
    assert read(ARCHIVES[kind]({"b.zip": inner, "d.json": LINE})) == {"x/b.zip/c.json": 1, "x/d.json": 1}
    for _ in range(4):
        inner = zipped({"b.zip": inner})
    [(_, words)] = read(inner).items()
    assert "a zip archive" in str(words)


def test_an_encrypted_file_is_named_and_the_others_read() -> None:
    text = bytearray(zipped({"a.json": LINE, "b.json": LINE}))
    text[6] |= 1  # the flag of the first header
    assert read(bytes(text)) == {"x/a.json": "The file is encrypted.", "x/b.json": 1}


def test_a_file_that_is_compressed_in_an_unknown_way_is_named() -> None:
    text = zipped({"a.json": LINE, "b.json": LINE}, zipfile.ZIP_LZMA)
    assert [("not read" in str(words)) for words in read(text).values()] == [True, True]


def test_an_empty_archive_says_so() -> None:
    assert read(zipped({})) == {"x": "There is no file in this archive."}
    assert read(tarred({})) == {"x": "There is no file in this archive."}


def noise(seed: int, lines: int = 300) -> bytes:
    """Lines that hardly compress."""
    chance = random.Random(seed)
    return b"".join(
        LINE.replace(b"eee19b7ec3c1b174", b"%016x" % chance.getrandbits(63)) for _ in range(lines)
    )


@pytest.mark.parametrize("kind", ["zip", "zip written to a pipe", "tar", "tar.gz"])
def test_an_archive_cut_anywhere_gives_its_good_files(kind: str) -> None:
    text = ARCHIVES[kind]({name: noise(number) for number, name in enumerate(("a.json", "b.json", "c.json"))})
    for stop in range(30, len(text) - 200, max(1, len(text) // 40)):
        found = read(text[:stop])
        spans = [count for count in found.values() if isinstance(count, int)]
        assert all(count == 300 for count in spans[:-1])


def test_a_file_damaged_in_a_zip_costs_itself() -> None:
    for make in (zipped, streamed):
        text = bytearray(make({"a.json": noise(1), "b.json": noise(2), "c.json": noise(3)}))
        start = text.index(b"b.json") + 6
        text[start + 2_000 : start + 2_200] = b"\xff" * 200
        found = read(bytes(text))
        assert list(found) == ["x/a.json", "x/b.json", "x/c.json"]
        assert (found["x/a.json"], found["x/c.json"]) == (300, 300)
        assert isinstance(found["x/b.json"], int)
        assert 0 < found["x/b.json"] < 300


def test_a_zip_without_its_directory_gives_its_files_and_says_so() -> None:
    text = zipped({"a.json": LINE, "b.json": LINE})
    found = read(text[: text.index(b"PK\x01\x02")])
    assert (found["x/a.json"], found["x/b.json"]) == (1, 1)
    assert "cut off or damaged" in str(found["x"])


def test_a_tar_that_is_damaged_between_files_gives_those_before_and_says_so() -> None:
    text = bytearray(tarred({"a.json": LINE, "b.json": LINE}, tarfile.GNU_FORMAT))
    at = text.index(b"b.json")
    text[at + 120 : at + 140] = b"\xff" * 20
    found = read(bytes(text))
    assert found["x/a.json"] == 1
    assert "damaged" in str(found["x"])


LIMITS = (Limits(most_bytes=4_000_000), Limits(ratio=50, ratio_from=4_000_000))


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("kind", ["zip", "zip written to a pipe", "tar.gz"])
def test_a_bomb_stops_and_the_files_before_it_are_read(kind: str, limits: Limits) -> None:
    bomb = LINE + b" " * 14_000_000
    found = read(ARCHIVES[kind]({"a.json": LINE, "bomb.json": bomb, "c.json": LINE}), limits)
    assert (found["x/a.json"], found["x/bomb.json"]) == (1, 1)
    assert "x/c.json" not in found
    assert "limit" in str(found["x"]) or "grew" in str(found["x"])


@pytest.mark.parametrize("limits", LIMITS)
def test_many_files_that_each_grow_a_little_too_much_stop_together(limits: Limits) -> None:
    text = zipped({f"{number}.json": LINE + b" " * 1_000_000 for number in range(30)})
    found = read(text, limits)
    assert len(found) < 10
    assert "its other files were not read" in str(found["x"])


def test_a_long_name_in_a_tar_does_not_fill_the_memory() -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**40
    text = header.tobuf(tarfile.GNU_FORMAT) + b"n" * 3_000_000
    assert isinstance(read(text), dict)


@settings(max_examples=120, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(ARCHIVES)))
def test_random_damage_never_raises(chance: random.Random, kind: str) -> None:
    text = bytearray(ARCHIVES[kind](GOOD))
    for _ in range(chance.randrange(1, 10)):
        place = chance.randrange(len(text))
        text[place : place + chance.choice((0, 1, 20))] = chance.choice(
            (b"", b"\xff", b"PK\x03\x04", b"\x00" * 8)
        )
    read(bytes(text))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_the_beginning_of_a_zip_never_raise(rest: bytes) -> None:
    read(b"PK\x03\x04" + rest)
