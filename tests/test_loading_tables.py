"""One `--map` for several tables: each takes what fits it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from webapp.cli import main

NAMED = "trace_id,span_id,name,start,{}\n{:032x},b7ad6b7169203331,a,1700000000000000,1500\n"
ODD = "TID,sid,op,begin,{}\n{:032x},b7ad6b7169203331,a,1700000000000000,1500\n"
ODD_COLUMNS = ("TID=trace_id", "sid=span_id", "op=name")


def inspect(folder: Path, mapping: tuple[str, ...], *texts: str) -> tuple[int, str]:
    paths = [folder / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    options = [part for each in mapping for part in ("--map", each)]
    result = CliRunner().invoke(main, ["inspect", *map(str, paths), *options])
    return result.exit_code, result.output


def test_a_mapping_for_one_table_does_not_keep_another_from_being_read(tmp_path: Path) -> None:
    mapping = (*ODD_COLUMNS, "took=duration_us")
    code, told = inspect(
        tmp_path, mapping, NAMED.format("duration", 1), ODD.format("took", 2), NAMED.format("end", 3)
    )
    assert (code, told.count("1 trace, 1 span")) == (0, 3)


def test_a_field_may_be_in_a_column_of_another_name_in_each_table(tmp_path: Path) -> None:
    mapping = (*ODD_COLUMNS, "took=duration_us", "rt=duration_ms")
    code, told = inspect(tmp_path, mapping, NAMED.format("took", 1), ODD.format("rt", 2))
    assert (code, told.count("1 trace, 1 span")) == (0, 2)
    assert "unfinished" not in told


def test_a_table_that_has_both_is_refused_alone(tmp_path: Path) -> None:
    both = NAMED.format("took,rt", 1).replace(",1500", ",1500,2")
    code, told = inspect(tmp_path, ("took=duration_us", "rt=duration_ms"), both, NAMED.format("rt", 2))
    assert code == 1
    assert "Two columns of this table are named for duration" in told
    assert told.count("1 trace, 1 span") == 1


@pytest.mark.parametrize("text", [NAMED.format("duration", 1), NAMED.format("took", 1)])
def test_a_column_that_no_table_has_is_refused(tmp_path: Path, text: str) -> None:
    code, told = inspect(tmp_path, ("took=duration_us", "tokk=end_us"), text)
    assert code == 1
    assert "No table has a column" in told
