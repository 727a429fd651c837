"""The one list of warning codes: what a reader, a repair or a cap has to say to the user."""

import msgspec

# code -> what it means, in the words the help page shows
_READING = {  # found while reading a file
    "bad_record": "A record could not be read and was left out; the rest of the file is here.",
    "bad_attribute": "One attribute could not be read; the span is here without it.",
    "truncated": "The file ends in the middle of a record; everything before it is here.",
    "stopped": "Loading was stopped before the end of the file; everything read until then is here.",
    "not_utf8": "Bytes that are not UTF-8 were replaced.",
    "other_signal": "Metrics, logs or other records that are not spans were passed over.",
    "other_format": "Lines of another format than that of the file were read by the reader of theirs.",
    "no_trace_id": "Log records that name no trace were passed over.",
    "other_text": "Lines between the records that a program printed were passed over.",
    "abridged": "The program that wrote the file left parts of values out, such as [Object]; they stand as it wrote them.",
    "partial": "Whoever sent this trace says that not all of it is here.",
    "bad_id": "A record without a usable trace or span id was left out.",
    "id_padded": "Ids of unusual length were padded with zeros or cut to OpenTelemetry's length.",
    "id_hashed": "Ids that are not hexadecimal were given ids of OpenTelemetry's form, the same for the same text.",
    "parts_merged": "Parts of one span were reported apart from each other; they are one span here.",
    "both_halves": "One record told both sides of a call (Zipkin v1); client and server are two spans here.",
    "no_begin": "The end of something that never began was passed over.",
    "no_owner": "An event, link or error names a span that is not in the file; it was left out.",
    "bad_time": "A time that cannot be a time was read as unknown.",
    "no_times": "The file holds no times: spans are laid out in the order in which they ended, a millisecond apart.",
    "time_unit": "The unit of the times was decided by their size.",
    "length_unit": "The unit of the durations was decided by how the spans lie within each other.",
    "too_large": "A record or value over the size limit was cut or left out.",
    "size_limit": "The file grows beyond the limit when decompressed; reading stopped there.",
    "spans_open": "Very many spans were begun and not ended in a log; the oldest of them are shown without an end.",
    "duration_disagrees": "A duration field disagrees with the times of the log lines; the times were believed.",
    "service_from_file": "Log lines name no service; the name of their file stands for it.",
    "log_lines_beside": "Log lines stand beside the spans of their traces; they are not spans themselves.",
}
REPAIRS = {  # found while repairing a trace
    "duplicate_dropped": "A span was received more than once, equal in every field; one is kept.",
    "shared_id_split": "Client and server share one span id (Zipkin); the server half got an id of its own.",
    "duplicate_id": "Different spans carry the same id; all are kept.",
    "self_parent": "A span names itself as its parent; it is shown as a root.",
    "cycle_broken": "Spans are each other's parents; the cycle was cut at its earliest span.",
    "inferred_from_logs": "Inferred from log lines, which name the trace but no spans of it: when a service wrote its "
    "first and last line is known, who called whom is not.",
    "orphan": "The parent of a span was not received; a placeholder stands for it.",
    "multiple_roots": "The trace has several roots; the verdict is about the longest.",
    "negative_duration": "A span ends before it starts; it is shown without duration.",
    "unfinished": "A span has no end; it is drawn to the end of its children.",
    "unknown_start": "A span has no start; it is drawn from its parent's start.",
    "skew_adjusted": "The clocks of two hosts disagree; times of one were shifted.",
    "skew_conflict": "The clocks of two hosts disagree in a way that no single shift explains; nothing was shifted.",
    "skew_too_large": "The clocks of two hosts disagree by more than a minute; nothing was shifted.",
}
CODES: dict[str, str] = _READING | REPAIRS


class Warning(msgspec.Struct, frozen=True):  # noqa: A001  the word the pages and the JSON use
    """One thing the user should know. `where` is a file position or a trace; `count` how often it happened."""

    code: str
    message: str
    where: str = ""
    span_id: str = ""
    count: int = 1
