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
    """Ten hex digits that change with the content of a static file; "" if there is none."""
    path = folder("static") / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""
