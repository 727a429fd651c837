"""`python -m tests.samples`: writes the files of `sample_data/` anew. What is in them: `written.py`."""

from pathlib import Path

from tests.samples.written import files
from webapp.model import display

FOLDER = Path(__file__).parents[2] / "sample_data"


def main() -> None:
    for name, (spans, write) in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write(spans))
        print(f"{name:45} {display.plural(len(spans), 'span'):>14} {display.size(path.stat().st_size):>10}")


if __name__ == "__main__":
    main()
