"""`make bench`: a generated store against the promises of speed. Parses arguments and calls the sections in order."""

import argparse
import shutil
from pathlib import Path

from tests.bench import format_speed, live_speed, load_speed, memory, million, query_speed, trace_speed
from tests.bench.figures import Figure, save, table
from tests.bench.written import cached_file
from webapp.query import Window, parse
from webapp.store import Store

APART = ("million",)  # only if they are named
SECTIONS = ("load", "formats", "memory", "queries", "pages", "browser", "live")
LARGE_SPANS = 5_000_000  # from here on the targets for 10M count


def main() -> None:
    options = _arguments()
    folder: Path = options.folder
    database = folder / f"store-{options.spans}.duckdb"
    figures: list[Figure] = []
    if "load" in options.only or not database.exists():
        print(f"Writing {options.spans:,} spans", flush=True)
        source = cached_file(folder, options.spans)
        print(f"Loading {source.stat().st_size / 1e9:.2f} GB", flush=True)
        figures += load_speed.measure(source, database, options.spans)
    if "formats" in options.only:
        figures += format_speed.measure(folder / "formats")
    if "memory" in options.only:
        figures += memory.measure(cached_file(folder, options.spans), options.spans)
    if {"queries", "pages"} & set(options.only):
        figures += _in_process(database, options)
    if "browser" in options.only:
        from tests.bench import browser_speed

        figures += browser_speed.measure(database)
    if "live" in options.only:
        figures += live_speed.measure(database, folder)
        figures += live_speed.measure_crowd(folder)
        figures.append(live_speed.measure_kills(folder))
    if "million" in options.only:
        figures += million.measure(folder, options.rounds)
    print(table(figures))
    print(f"\nWritten to {save(figures, Path.cwd(), options.spans)}")
    if options.clean:
        shutil.rmtree(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Tailrace over a generated store.")
    parser.add_argument(
        "--spans", type=int, default=1_000_000, help="how many spans, at least 120,000 (1M; 10000000)"
    )
    parser.add_argument(
        "--only", default=",".join(SECTIONS), help=f"sections to run: {','.join(SECTIONS + APART)}"
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each query is asked (15)")
    parser.add_argument(
        "--folder", type=Path, default=Path(".bench"), help="where file and database are kept"
    )
    parser.add_argument("--clean", action="store_true", help="remove them at the end")
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = set(options.only) - set(SECTIONS + APART)
    if unknown or options.spans < 120_000:
        parser.error(
            f"no such section: {', '.join(sorted(unknown))}" if unknown else "at least 120,000 spans"
        )
    return options


def _in_process(database: Path, options: argparse.Namespace) -> list[Figure]:
    """Queries and pages, without a server in between."""
    figures: list[Figure] = []
    store = Store.open(database)
    searches = query_speed.Searches(_order_ids(store))
    if "queries" in options.only:
        figures += query_speed.measure_store(store, searches, options.rounds, options.spans >= LARGE_SPANS)
    if "pages" in options.only:
        from webapp.app import create_app

        client = create_app(store).test_client()
        found = store.search(parse("trace.spans<1000"), Window(None, None), "spans", 1, per_page=20)
        trace_ids = [row.summary.trace_id for row in found.rows]
        figures += query_speed.measure_pages(store, client, searches, trace_ids, options.rounds)
        figures += trace_speed.measure(store, client, options.rounds)
    store.close()
    return figures


def _order_ids(store: Store) -> list[str]:
    """Ids of orders that are really there, for the query that finds one span."""
    found = store.search(parse("order.id?"), Window(None, None), "newest", 2, per_page=8)
    spans = [span for row in found.rows for span in store.spans(row.summary.trace_id)]
    return [str(span.attributes["order.id"]) for span in spans if "order.id" in span.attributes][:8]


if __name__ == "__main__":
    main()
