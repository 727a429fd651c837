"""Lines about what readers had to say of files and receivers: records that are not here, times and ids that were decided."""

import orjson

from webapp.model.quality import Line, Place
from webapp.store.quality.asking import Asking

# code of a line -> codes of readers' warnings; counted by source
_READ = {
    "bad_time": ("bad_time",),
    "unit_guessed": ("time_unit", "length_unit"),
    "changed_ids": ("id_padded", "id_hashed"),
}


def source_lines(asking: Asking) -> list[Line]:
    rows = asking.cursor.execute(
        f"""
        SELECT source_id, path, spans::BIGINT, rejected::BIGINT, duplicates::BIGINT, warnings
        FROM sources
        WHERE {f"source_id = {asking.source_id}" if asking.source_id else "true"}
        ORDER BY source_id
        """
    ).fetchall()
    records = sum(spans + rejected + duplicates for _, _, spans, rejected, duplicates, _ in rows)
    rejected = [Place(path, count, source_id=number) for number, path, _, count, _, _ in rows if count]
    repeated = [Place(path, count, source_id=number) for number, path, _, _, count, _ in rows if count]
    lines = [
        _line("rejected", "records", rejected, records),
        _line("repeated_spans", "records", repeated, records),
    ]
    for code, wanted in _READ.items():
        places = [
            Place(path, count, source_id=number)
            for number, path, *_, warnings in rows
            if (count := sum(each["count"] for each in orjson.loads(warnings) if each["code"] in wanted))
        ]
        lines.append(_line(code, "sources", places, len(rows)))
    return [line for line in lines if line.count]


def _line(code: str, unit: str, places: list[Place], total: int) -> Line:
    """Sources are counted themselves; of records each place has its number."""
    places = sorted(places, key=lambda place: -place.count)
    count = len(places) if unit == "sources" else sum(place.count for place in places)
    return Line(code, unit, count, total, places=places, facts={"sources": len(places)})
