"""Where templates, static files and sample data lie: inside an installed wheel, or at the top of the repository."""

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `templates`, `static` or `sample_data`."""
    packed = _PACKAGE / "_assets" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


@cache
def fingerprint(name: str) -> str:
    """Ten hex digits that change with the content of a static file, or of any in a folder; "" if there is none."""
    path = folder("static") / name
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10] if files else ""


def joined_sheets(names: str) -> str:
    """The sheets `tokens,base` as one, so that a page waits for one answer; "" if one of them is not there."""
    sheets = {sheet.stem: sheet for sheet in (folder("static") / "css").iterdir()}
    chosen = [sheets.get(name) for name in names.split(",")]
    return "\n".join(sheet.read_text("utf-8") if sheet else "" for sheet in chosen) if all(chosen) else ""
