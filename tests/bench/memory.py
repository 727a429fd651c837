"""How much memory reading takes: a generated file (1 GB from a million spans on), as lines and as one document."""

import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Figure

MOST_MB = 500
# Runs apart: reads argv[1], prints spans and peak MB.
READER = """
import resource, sys
from webapp import formats
with open(sys.argv[1], "rb") as stream:
    spans = sum(map(len, formats.read(stream, sys.argv[1])))
print(spans, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(lines: Path, spans: int) -> list[Figure]:
    """`lines`: OTLP requests, one a line.

    Raises:
        RuntimeError: reading failed or lost spans.
    """
    document = lines.with_suffix(".one.json")
    _join(lines, document)
    figures = [
        _peak("read OTLP JSON lines", lines, spans),
        _peak("read one OTLP JSON document", document, spans),
    ]
    document.unlink()
    return figures


def _join(lines: Path, document: Path) -> None:
    """All requests as one, on one line."""
    with lines.open("rb") as source, document.open("wb") as out:
        out.write(b'{"resourceSpans":[')
        for number, line in enumerate(source):
            inner = line.strip().removeprefix(b'{"resourceSpans":[').removesuffix(b"]}")
            out.write(b"," + inner if number else inner)
        out.write(b"]}")


def _peak(name: str, path: Path, spans: int) -> Figure:
    finished = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"Reading failed:\n{finished.stderr}")
    found, peak_mb = map(float, finished.stdout.split())
    if found != spans:
        raise RuntimeError(f"{found:,.0f} of {spans:,} spans were read.")
    size = f"a file of {path.stat().st_size / 1e9:.2f} GB"
    return Figure("memory", name, round(peak_mb), "MB", target=MOST_MB, remark=size)
