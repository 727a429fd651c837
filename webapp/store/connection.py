"""The DuckDB connection of a store: settings, a watched cursor per read, one writer at a time. No queries."""

import atexit
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import duckdb

from webapp import working
from webapp.errors import BadSetting, TooSlow, UnreadableFile
from webapp.scratch import drop_folder, make_folder
from webapp.working import Work

READ_SECONDS = 5.0
SCHEMA = (Path(__file__).parent / "schema.sql").read_text("utf-8")
SCHEMA_NUMBER = 6
_SCHEMA_SUM = crc32(SCHEMA.encode())
_LIVE_CHECKPOINT = "64MB"  # keeps reopening after a crash under half a second
_IMPORT_CHECKPOINT = "1GB"  # fewer rewrites while a folder is loaded
_WATCH_SECONDS = 0.25
_LAST_SECONDS = 5.0  # for reads to end when the store is closed …
_STEP_SECONDS = 0.01  # … which is looked for so often


class Watchdog:
    """Interrupts cursors that run longer than they may, or for work that somebody stopped. Its thread sleeps while nothing
    is watched.
    """

    def __init__(self) -> None:
        self._deadlines: dict[int, tuple[float, Work, duckdb.DuckDBPyConnection]] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
        with self._lock:
            self._deadlines[id(cursor)] = (time.monotonic() + seconds, working.current(), cursor)
        self._wanted.set()
        try:
            yield
        finally:
            with self._lock:
                del self._deadlines[id(cursor)]

    def end_reads(self, seconds: float) -> None:
        """Interrupt all that may not take as long as they like, and wait until they are over, but no longer than that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                under_way = [
                    cursor for deadline, _, cursor in self._deadlines.values() if deadline < math.inf
                ]
                for cursor in under_way:
                    cursor.interrupt()
            if not under_way:
                return
            time.sleep(_STEP_SECONDS)

    def close(self) -> None:
        self._closed.set()
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wanted.wait()
            self._closed.wait(_WATCH_SECONDS)
            with self._lock:  # also keeps a cursor from being interrupted after its read is over
                for deadline, work, cursor in self._deadlines.values():
                    if deadline < time.monotonic() or work.stopped:
                        cursor.interrupt()
                if not self._deadlines:
                    self._wanted.clear()


class Connection:
    """A database file, or memory when `path` is None."""

    def __init__(self, path: Path | None) -> None:
        self._spill = make_folder("spilled") if path is None else None
        self._database = _connect(path, self._spill)
        self._writer = self._database.cursor()
        self._lock = threading.RLock()
        self.steady = threading.RLock()  # taken before any writing, see Store.steady
        self.removals = 0
        self._in_transaction = False
        self.writes = 0  # that are durable
        self.namings = 0  # of these, that brought names or keys which were not known before
        self.brought_names: Callable[[], bool] = lambda: False  # whether any came since it was last asked
        self.after_rollback: Callable[[], None] = lambda: None
        self._watchdog = Watchdog()
        atexit.register(self.close)
        self._create_tables()

    @contextmanager
    def reading(self, seconds: float = READ_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
        """A fresh cursor. A read that is still running after `seconds` ends with TooSlow, with Stopped if the work of
        this thread was stopped.
        """
        work = working.current()
        work.check()
        cursor = self._database.cursor()
        try:
            with self._watchdog.watch(cursor, seconds):
                yield cursor
        except duckdb.InterruptException as error:
            work.check()
            raise TooSlow(
                f"This takes longer than {seconds:g} seconds and was stopped.",
                hint="Narrow the time range or add a term.",
            ) from error
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one writer, in a transaction: all of it is durable when the block ends, or nothing of it.

        A block inside a block of the same thread is part of the outer transaction.
        """
        with self._lock:
            if self._in_transaction:
                yield self._writer
                return
            self._in_transaction = True
            try:
                with self._transaction():
                    yield self._writer
            finally:
                self._in_transaction = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # the failure may have ended the transaction already
                self._writer.execute("ROLLBACK")
            self.after_rollback()
            raise
        self._writer.execute("COMMIT")
        self.namings += self.brought_names()
        self.writes += 1

    @contextmanager
    def importing(self) -> Iterator[None]:
        """While a folder is loaded, checkpoints are rare; one is made at the end."""
        with self._lock:
            self._writer.execute(f"SET GLOBAL checkpoint_threshold = '{_IMPORT_CHECKPOINT}'")
        try:
            yield
        finally:
            with self._lock:
                self._writer.execute(f"SET GLOBAL checkpoint_threshold = '{_LIVE_CHECKPOINT}'")
                self.checkpoint()

    def checkpoint(self) -> None:
        """Give back the room of what was deleted, unless readers are under way: then the next one does."""
        with self._lock, suppress(duckdb.TransactionException):
            self._writer.execute("CHECKPOINT")

    def close(self) -> None:
        atexit.unregister(self.close)
        self._watchdog.end_reads(_LAST_SECONDS)
        with self._lock:
            self._watchdog.close()
            self._writer.close()
            self._database.close()
        if self._spill is not None:
            drop_folder(self._spill)

    def _create_tables(self) -> None:
        """A store that has just these tables is left alone: to go through the schema takes a third of opening it."""
        if self._has_tables():
            return
        with self.writing() as writer:
            writer.execute(SCHEMA)
            writer.execute(
                "INSERT INTO settings VALUES ('schema', ?) ON CONFLICT DO NOTHING", [SCHEMA_NUMBER]
            )
            found = writer.execute("SELECT value FROM settings WHERE name = 'schema'").fetchall()
            writer.execute("INSERT OR REPLACE INTO settings VALUES ('schema_sum', ?)", [_SCHEMA_SUM])
        if found != [(SCHEMA_NUMBER,)]:
            self.close()
            raise BadSetting(
                f"This store has layout {found[0][0]}; Tailrace now writes {SCHEMA_NUMBER}.",
                hint="Load the trace files into a new one.",
            )

    def _has_tables(self) -> bool:
        try:
            found = self._writer.execute(
                "SELECT value FROM settings WHERE name IN ('schema', 'schema_sum') ORDER BY name"
            ).fetchall()
        except duckdb.CatalogException:  # a new store
            return False
        return found == [(SCHEMA_NUMBER,), (_SCHEMA_SUM,)]


def _connect(path: Path | None, spill: Path | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "checkpoint_threshold": _LIVE_CHECKPOINT,
        "temp_directory": str(spill or f"{path}.tmp"),
    }
    try:
        database = duckdb.connect(str(path or ":memory:"), config=config)
    except (duckdb.IOException, duckdb.SerializationException) as error:
        raise UnreadableFile(
            "The store cannot be opened.",
            where=str(path),
            hint="It may be open in another process, or not be a Tailrace store.",
        ) from error
    database.execute("SET memory_limit = '50%'")
    database.execute("SET enable_external_access = false")
    return database
