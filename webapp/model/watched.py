"""What is known of a file in a folder that is watched, also after a restart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """As it was when it was last read: `done` bytes with `lines` lines, into one source, of an archive the first.

    `format` "": it was refused. `digest` of what was read, "" if it was read as a whole.
    """

    path: str
    inode: int
    size: int
    changed_ns: int
    done: int
    lines: int
    source_id: int
    format: str
    digest: str
