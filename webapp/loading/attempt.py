"""What is known of files that another process reads, for the case that it ends before its time."""

from collections.abc import Iterator

from webapp.loading.batches import Batch, News, Seen
from webapp.loading.parts import File
from webapp.loading.sections import FORMAT, lines_in
from webapp.model.warnings import Warning
from webapp.store import Encoder


class Attempt:
    """`left`: the files of which not everything was handed over."""

    def __init__(self, files: list[File]) -> None:
        self.left = list(files)
        self._begun: list[File] = []  # handed over in part
        self._unstored: list[Seen] = []

    def note(self, news: News) -> None:
        if isinstance(news, Seen):
            self._unstored.append(news)
            return
        ended = {file.path for file in news.ended}
        self.left = [file for file in self.left if file.path not in ended]
        self._begun = [file for file in news.files if file.path not in ended]
        self._unstored = []

    def give_up(self, why: str) -> Iterator[News]:
        """Reports the file under way, and what was handed over in part; the others are left to be read again."""
        for seen in self._unstored:
            yield Seen(seen.path, -seen.spans, -seen.files, -seen.skipped, seen.on_disk)
        if not self.left:
            return
        begun = {file.on_disk for file in self._begun}
        lost = [file for file in self.left if file.path in begun or file is self._under_way()]
        self.left = [file for file in self.left if file not in lost]
        in_archives = [file for file in self._begun if file.archive]
        for file in [*in_archives, *lost]:
            failed = _failed(file, why)
            yield Batch(Encoder().take(), [failed], [failed])
            files = int(file.ends and not file.archive)
            yield Seen(
                file.path, files=files, skipped=int(file.ends and not failed.format), on_disk=file.on_disk
            )

    def _under_way(self) -> File:
        seen = {each.on_disk for each in self._unstored}
        ended = {each.path for each in self._unstored if each.files}
        open_files = [file for file in self.left if file.path in seen - ended]
        unseen = [file for file in self.left if file.path not in seen]
        return (open_files or unseen or self.left)[0]


def _failed(file: File, why: str) -> File:
    message = f"The process that read this file ended early ({why}); what it had not handed over is missing."
    if file.section is None:
        return File(file.path, reason=message, warnings=[Warning("truncated", message)])
    return File(
        file.path,
        file.section,
        format=FORMAT,
        reason=message,
        warnings=[Warning("truncated", message, where="byte 0")],
        lines=lines_in(file.place, file.section),
    )
