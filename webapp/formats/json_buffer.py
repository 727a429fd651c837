"""The part of a JSON stream that is in memory, and where in the stream it lies. No syntax here."""

import re
from typing import BinaryIO

BLOCK = 1_000_000
BLANK = re.compile(rb"(?:[\s,:\x1e]+|\xef\xbb\xbf)*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class JsonBuffer:
    """`text[at:]` is read but not yet yielded; `base` is the offset of `text[0]` in the stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.text = bytearray()
        self.at = 0
        self.base = 0
        self.ended = False
        self.line = 1  # of text[counted]
        self.counted = 0
        self.line_end = -1  # after `at`; len(text) if that is not read yet; below `at`: not looked for

    def more(self, amount: int = BLOCK) -> None:
        """Read on; what lies before `at` is forgotten."""
        self.count_lines()
        del self.text[: self.at]
        self.base += self.at
        self.at = self.counted = 0
        self.line_end = -1
        goal = len(self.text) + amount
        while len(self.text) < goal and not self.ended:
            block = self.stream.read(min(amount, 8 * BLOCK))
            self.text += block
            self.ended = not block

    def count_lines(self) -> None:
        self.line += self.text.count(b"\n", self.counted, self.at)
        self.counted = self.at

    def skip_blank(self) -> bool:
        """False at the end of the stream."""
        while True:
            match = BLANK.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if len(self.text) - self.at >= len(_BYTE_ORDER_MARK) or (self.ended and self.at < len(self.text)):
                return True
            if self.ended:
                return False
            self.more()

    def place(self) -> tuple[int, int]:
        """Line (0 if something stands before it) and byte of `at`."""
        self.count_lines()
        return (self.line if self.indent() is not None else 0), self.base + self.at

    def indent(self) -> bytes | None:
        """The blanks between the line's beginning and `at`; None if there is something else."""
        if self.at and self.text[self.at - 1] == 0x0A:
            return b""
        reach = max(0, self.at - 200)
        before = self.text.rfind(b"\n", reach, self.at)
        if before < 0 and reach + self.base > 0:
            return None
        blanks = bytes(self.text[before + 1 : self.at])
        return None if blanks.strip(b" \t\r\xef\xbb\xbf") else blanks

    def end_of_line(self) -> int:
        if self.line_end < self.at:
            found = self.text.find(b"\n", self.at)
            self.line_end = found if found >= 0 else len(self.text)
        return self.line_end

    def take(self, length: int) -> bytes:
        end = self.at + length
        with memoryview(self.text) as view:
            taken = bytes(view[self.at : end])
        self.at = end
        return taken

    def hand_over(self, length: int) -> bytearray:
        """Like `take` without a copy of what may be huge: the buffer itself, and a new one for the rest."""
        end = self.at + length
        start, self.at = self.at, end
        self.count_lines()
        taken, self.text = self.text, self.text[end:]
        del taken[end:]
        del taken[:start]
        self.base += end
        self.at = self.counted = 0
        self.line_end = -1
        return taken
