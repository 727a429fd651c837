"""Tables of spans, one row a span, whatever carries them: which column means what, and rows as spans.

Carriers: `text.py` (CSV, TSV), `ipc.py` (Arrow), `json_rows.py` (flat JSON), and Parquet in a room of its own.
`names.py` and `layout.py` find the columns, `rows.py` makes the spans, `asking.py` asks about what nobody knows.
"""
