"""The command `tailrace`: load and serve, or give the pages' answers in a terminal. Parsing and printing only."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from webapp import __version__, assets, server
from webapp.errors import INTERRUPTED, BadQuery, TailraceError
from webapp.formats import verifying
from webapp.formats.tables.mapping import Mapping, field_names
from webapp.loading import load
from webapp.loading.paths import STDIN, find_files
from webapp.model import display
from webapp.model.results import SourceReport
from webapp.progress import Progress
from webapp.query import parse
from webapp.settings import Settings
from webapp.store import Store
from webapp.terminal import ProgressLine, print_report


class PathsFirst(click.Group):
    """`tailrace PATH…` means `tailrace serve PATH…`, and so does `tailrace` alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "--version"}
        if not args or (args[0] not in self.commands and args[0] not in own):
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as click has it
        """Ctrl-C ends a verb as a shell expects it, without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None


paths_argument = click.argument("paths", nargs=-1, metavar="PATH…")
map_option = click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Of tables: what a column holds; the column comes first, as in TID=trace_id. Once for each column. "
    f"FIELD: {field_names()}.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the page's .json twin.")


_PORTS = {
    "otlp-grpc": "OTLP over gRPC",
    "otlp": "OTLP over HTTP",
    "zipkin": "Zipkin",
    "jaeger": "Jaeger over HTTP",
    "datadog": "the Datadog agent",
}


def _receiving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where spans are received beside the port of the pages."""
    flag = partial(click.option, is_flag=True, default=None)
    options = [
        flag("--receive", help="Receive also on the standard ports: 4317, 4318, 9411, 14268, 8126."),
        *(
            click.option(f"--{name}-port", type=int, metavar="PORT", help=f"Receive {what} there, too.")
            for name, what in _PORTS.items()
        ),
        flag("--jaeger-udp", help="Receive what is sent to a Jaeger agent: UDP on 6831 and 6832."),
        flag("--xray-udp", help="Receive what is sent to an X-Ray daemon: UDP on 2000."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=PathsFirst)
@click.version_option(__version__, prog_name="tailrace")
def main() -> None:
    """Open a folder of traces and see where the time went.

    PATH is a file, a folder (searched through), a glob pattern, or - for standard input.
    """


@main.command()
@paths_argument
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="Port of the pages (8080).")
@click.option("--db", type=click.Path(dir_okay=False), help="DuckDB file to keep the spans in.")
@click.option("--hosts", help="Further host names to answer to, separated by commas.")
@click.option("--allow-anonymous", is_flag=True, default=None, help="Serve others without sign-in.")
@click.option(
    "--link",
    "links",
    multiple=True,
    metavar="[LABEL=]URL",
    help="A link on spans and traces, such as Wiki=https://wiki.example/{service.name}. Once for each link.",
)
@click.option(
    "--cors-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A site whose pages may send spans here, such as http://localhost:3000. Once for each site.",
)
@click.option(
    "--watch",
    multiple=True,
    type=click.Path(exists=True),
    metavar="DIR",
    help="Read new and growing files of a folder. Once for each folder.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="Remove the oldest traces when more is stored, such as 2GB; 50MB or more.",
)
@click.option("--max-age", metavar="AGE", help="Remove received traces that began longer ago, such as 7d.")
@click.option(
    "--keep", metavar="RULES", help="Which received traces stay, such as errors,slow=1s,others=10%."
)
@_receiving
@map_option
def serve(paths: Sequence[str], columns: tuple[str, ...], **flags: object) -> None:
    """Load PATHs, serve them, and receive spans; without PATH and --db, the sample data."""
    with people_errors():
        several = {
            "links": flags.pop("links"),
            "cors_origin": flags.pop("origins"),
            "watch": flags.pop("watch"),
        }
        given = {name: values or None for name, values in several.items()}
        settings = Settings.load(os.environ, map=columns or None, **given, **flags)
        Mapping.parse(settings.map)  # before anything is loaded for it
        wanted = list(paths)
        if not wanted and not settings.db and not settings.watch:
            folders = assets.folder("sample_data").iterdir()
            wanted = [str(folder) for folder in sorted(folders) if folder.is_dir()]
            click.echo("No path given: showing the sample data.", err=True)
        for path in find_files(wanted):
            if path != STDIN and not Path(path).exists():
                hint = "Give a file, a folder, a glob pattern, or - for standard input."
                raise TailraceError(f"{path} is not there.", hint=hint)
        with Store.open(Path(settings.db) if settings.db else None) as store:
            server.run(store, settings, wanted)


@main.command()
@paths_argument
@map_option
@json_option
def inspect(paths: Sequence[str], *, columns: tuple[str, ...], as_json: bool) -> None:
    """Say of each file what it is, what it holds and what is wrong with it."""
    with people_errors(), Store.open(None) as store:
        reports = _load(paths, store, columns)
        for report in reports:
            if as_json:
                click.echo(json.dumps(_report_json(report), ensure_ascii=False))
            else:
                print_report(report)
    sys.exit(0 if reports and all(report.spans for report in reports) else 1)


@main.command()
@paths_argument
@click.option(
    "--id", "trace_id", default="", help="Trace id in any form; not needed where there is but one trace."
)
@map_option
@json_option
def trace(paths: Sequence[str], trace_id: str, *, columns: tuple[str, ...], as_json: bool) -> None:
    """Analyse one trace."""
    with people_errors(), Store.open(None) as store:
        _load(paths, store, columns)
        answer = _page(store, f"/trace/{_meant(store, trace_id)}.json")
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    if answer["error"]:
        click.echo(answer["error"]["sentence"])
    verdict = answer["completion_verdict" if answer["opens_on"] == "completion" else "verdict"]
    click.echo(" ".join([verdict["sentence"].rstrip(".") + ".", *verdict.get("qualifiers", [])]))
    for warning in answer["warnings"]:
        click.echo(f"{warning['message']}" + (f" ({warning['where']})" if warning["where"] else ""))
    is_open = not answer["duration_ns"] and any("unfinished" in span["warnings"] for span in answer["spans"])
    length = "not finished" if is_open else display.duration(answer["duration_ns"])
    click.echo(f"{display.plural(len(answer['spans']), 'span')}, {length}")


@main.command()
@paths_argument
@click.option("--query", default="", help="What to search for, as in the search box.")
@click.option("--limit", default=50, show_default=True, help="Traces to print, up to 1,500.")
@click.option("--sort", default="newest", type=click.Choice(["newest", "slowest", "spans"]))
@map_option
@json_option
def search(
    paths: Sequence[str], query: str, limit: int, sort: str, *, columns: tuple[str, ...], as_json: bool
) -> None:
    """Search the traces of PATHs."""
    with people_errors(), Store.open(None) as store:
        asked = parse(query)  # before anything is loaded for it
        _load(paths, store, columns)
        answer = _page(store, "/traces.json?" + urlencode({"q": query, "limit": limit, "sort": sort}))
        for note in store.notes(asked):
            click.echo(f"note: {note.message}", err=True)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for row in answer["traces"]:
        root = row["root"]
        line = f"{row['trace_id']}  {display.duration(row['duration_ns']):>9}  {root['service']} · {root['name']}"
        click.echo(f"{line}  {row['failure'] or row['verdict']['sentence']}")
    click.echo(
        f"{len(answer['traces']):,} of {answer['total']:,}{'' if answer['total_exact'] else '+'} traces",
        err=True,
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path) -> None:
    """Say whether an OTLP or HTML export still holds the spans it was written with."""
    with people_errors():
        found = verifying.verify(file)
    click.echo(found.sentence)
    sys.exit(0 if found.unchanged else 1)


def _load(paths: Sequence[str], store: Store, columns: tuple[str, ...]) -> list[SourceReport]:
    if not paths:
        raise click.UsageError("Name at least one file or folder, or - for standard input.")
    mapping = Mapping.parse(Settings.load(os.environ, map=columns or None).map)
    with ProgressLine() as line:
        reports = load(list(paths), store, Progress(listener=line.show), mapping)
    if not reports:
        raise TailraceError("There is no file to read.", where=", ".join(paths))
    return reports


def _page(store: Store, url: str) -> dict[str, Any]:
    """What the page answers, so that the terminal can never say anything else."""
    from webapp.app import create_app

    response = create_app(store).test_client().get(url)
    answer: dict[str, Any] = response.get_json()
    if response.status_code != 200:
        problem = answer.get("error") or {}
        raise TailraceError(
            problem.get("message", "No answer."), where=problem.get("where", ""), hint=problem.get("hint", "")
        )
    return answer


def _meant(store: Store, trace_id: str) -> str:
    """The one trace that is asked for, or that there is."""
    hint = "tailrace search PATH… lists the traces with their ids."
    if trace_id:
        found = store.find(trace_id)
        if len(found) > 1:
            raise click.UsageError(f"Several traces fit {trace_id}: {', '.join(found)}")
        if not found:
            raise TailraceError(f"The trace {trace_id} is not in these files.", hint=hint)
        return found[0]
    listed = _page(store, "/traces.json?limit=2")
    if len(listed["traces"]) == 1:
        return str(listed["traces"][0]["trace_id"])
    if not listed["traces"]:
        raise TailraceError(
            "There is no trace in these files.", hint="tailrace inspect PATH… says what they are."
        )
    raise click.UsageError(
        f"There are {display.plural(listed['total'], 'trace')}: say which one with --id. {hint}"
    )


def _report_json(report: SourceReport) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__slots__}


@contextmanager
def people_errors() -> Any:  # noqa: ANN401  contextmanager's own type says it
    """Print errors meant for people without a traceback and end with 1; a query is shown with its token marked."""
    try:
        yield
    except BadQuery as error:
        raise click.ClickException(f"{error}\n  {error.text}\n  {error.caret}") from error
    except TailraceError as error:
        raise click.ClickException(str(error)) from error
