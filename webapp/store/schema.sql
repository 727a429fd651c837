-- The store: spans as recorded, what analysis found, and sums that keep pages cheap however many spans there are.
-- Ids of services, operations, resources, scopes and nodes are dense and given by the one writer (names.py).
-- Trace ids are UUIDs (32 hex digits), span ids 16 hex digits as UBIGINT, 0 = none. Times are ns since 1970, 0 = unknown.

CREATE TABLE IF NOT EXISTS settings (       -- facts about the store itself
  name  VARCHAR PRIMARY KEY,                -- schema: layout number; schema_sum: of this text; next_row: span_row of the next span;
  value BIGINT NOT NULL                     -- settled_row: every span below this row has facts; compact_totals: rows of edge_totals when compacted
);

CREATE TABLE IF NOT EXISTS view_states (    -- what is too long for the address of a page; the last ones
  id     VARCHAR NOT NULL,                  -- of the text, see view_states.py; in addresses
  number BIGINT NOT NULL,                   -- counts up; the lowest go first
  text   VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS saved_queries (  -- that people gave a name
  name       VARCHAR PRIMARY KEY,
  parameters VARCHAR NOT NULL               -- JSON {name in the address of the search page: text}
);

CREATE TABLE IF NOT EXISTS sources (        -- a file or receiver that spans came from
  source_id  UINTEGER PRIMARY KEY,
  path       VARCHAR NOT NULL,              -- as given on the command line, or the receiver's name
  format     VARCHAR NOT NULL,              -- "" when nothing was recognised
  reason     VARCHAR NOT NULL,              -- why it was taken for that format, or why it was refused
  spans      UBIGINT NOT NULL,              -- stored, duplicates taken off
  rejected   UBIGINT NOT NULL,              -- records that could not be read
  duplicates UBIGINT NOT NULL,              -- spans dropped because an equal one is stored
  traces     UBIGINT,                       -- distinct traces; NULL until counted after the load
  warnings   VARCHAR NOT NULL               -- JSON list of what the reader had to say
);

CREATE TABLE IF NOT EXISTS services (
  service_id UINTEGER PRIMARY KEY,
  service    VARCHAR NOT NULL,
  slot       UTINYINT                       -- colour 0-9, given once after the load that brought the service
);

CREATE TABLE IF NOT EXISTS operations (     -- (service, span name)
  operation_id UINTEGER PRIMARY KEY,
  service_id   UINTEGER NOT NULL,
  name         VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS resources (      -- processes that made spans; hundreds, not millions
  resource_id UINTEGER PRIMARY KEY,
  host        VARCHAR NOT NULL,             -- semconv.host_of; "" unknown
  schema_url  VARCHAR NOT NULL,
  attributes  VARCHAR NOT NULL              -- JSON {key: OTLP AnyValue}, e.g. {"pid":{"intValue":"7"}}
);

CREATE TABLE IF NOT EXISTS resource_attributes (  -- the same, one row a key: a resource predicate is resource_id IN (…)
  resource_id  UINTEGER NOT NULL,
  key          VARCHAR NOT NULL,
  type         VARCHAR NOT NULL,            -- str, int, float, bool; other values (json) only lie in resources.attributes
  text         VARCHAR NOT NULL,            -- the value as text; true and false for bool; JSON for json
  number       DOUBLE                       -- the value of an int or float, for < and >
);

CREATE TABLE IF NOT EXISTS scopes (         -- instrumentation libraries
  scope_id   UINTEGER PRIMARY KEY,
  name       VARCHAR NOT NULL,
  version    VARCHAR NOT NULL,
  attributes VARCHAR NOT NULL               -- JSON {key: OTLP AnyValue}
);

CREATE TABLE IF NOT EXISTS nodes (          -- nodes of the service graph, and peers of client spans
  node_id UINTEGER PRIMARY KEY,
  kind    VARCHAR NOT NULL,                 -- service, db, messaging, external, user
  name    VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS key_catalog (    -- every attribute key that was ever seen
  key     VARCHAR NOT NULL,
  type    VARCHAR NOT NULL,                 -- str, int, float, bool; json: list, map, bytes, empty, or beyond int64
  scope   VARCHAR NOT NULL,                 -- span or resource
  "column" VARCHAR,                         -- c0001… of spans; NULL: its values lie in spans.attributes_rest
  in_rest BOOLEAN NOT NULL,                 -- some values of it lie in attributes_rest (also with a column)
  count   UBIGINT NOT NULL,                 -- spans that came with it (scope resource: resources)
  PRIMARY KEY (key, type, scope)
);

-- Arrival order, each insert sorted by start_ns; no index: row groups are pruned by span_row and start_ns.
-- Attribute columns c0001… VARCHAR, BIGINT, DOUBLE or BOOLEAN are added from the data while the table is small.
CREATE TABLE IF NOT EXISTS spans (
  span_row         BIGINT NOT NULL,         -- our own key, counts up without end
  trace_id         UUID NOT NULL,
  span_id          UBIGINT NOT NULL,
  parent_id        UBIGINT NOT NULL,        -- as recorded; 0 = root
  service_id       UINTEGER NOT NULL,
  operation_id     UINTEGER NOT NULL,
  kind             UTINYINT NOT NULL,       -- model.spans.Kind
  status           UTINYINT NOT NULL,       -- model.spans.Status; 2 = ERROR
  start_ns         BIGINT NOT NULL,
  end_ns           BIGINT NOT NULL,         -- 0 = unfinished
  duration_ns      BIGINT,                  -- end - start, 0 if negative; NULL when either time is unknown
  resource_id      UINTEGER NOT NULL,
  scope_id         UINTEGER NOT NULL,
  source_id        UINTEGER NOT NULL,
  peer_id          UINTEGER,                -- nodes.node_id of the other side of a client span that names it
  status_message   VARCHAR,                 -- NULL = ""
  error_message    VARCHAR,                 -- semconv.error_text of an ERROR span
  error_source     VARCHAR,                 -- its file:line
  follows_from     BOOLEAN NOT NULL DEFAULT false,  -- the parent reference is FOLLOWS_FROM
  shared           BOOLEAN NOT NULL DEFAULT false,  -- Zipkin: the server half of a shared span
  flags            UINTEGER NOT NULL DEFAULT 0,
  weight           DOUBLE NOT NULL DEFAULT 1,       -- spans that this one stands for
  trace_state      VARCHAR,                 -- NULL = ""
  written_trace_id VARCHAR,                 -- id as the file spells it; NULL = no different
  written_span_id  VARCHAR,
  events           VARCHAR,                 -- JSON [[name, time_ns, dropped, {key: AnyValue}], …]; NULL = none
  links            VARCHAR,                 -- JSON [[trace id, span id, trace state, {key: AnyValue}], …]; NULL = none
  attributes_rest  VARCHAR                  -- JSON {key: OTLP AnyValue} of what has no column; NULL = none
);

CREATE TABLE IF NOT EXISTS watched_files (  -- of watched folders, as they were when they were last read
  path       VARCHAR PRIMARY KEY,
  inode      UBIGINT NOT NULL,
  size       BIGINT NOT NULL,
  changed_ns BIGINT NOT NULL,
  done       BIGINT NOT NULL,               -- bytes that were read …
  lines      BIGINT NOT NULL,               -- … and lines in them
  source_id  UINTEGER NOT NULL,
  format     VARCHAR NOT NULL               -- "": it was refused
);
ALTER TABLE watched_files ADD COLUMN IF NOT EXISTS digest VARCHAR DEFAULT '';  -- of what was read; '' = of a whole file

CREATE TABLE IF NOT EXISTS removals (       -- what rules of retention took away
  rule      VARCHAR PRIMARY KEY,            -- size, age, keep
  traces    UBIGINT NOT NULL,
  spans     UBIGINT NOT NULL,
  since_ns  BIGINT NOT NULL,                -- when the first went …
  last_ns   BIGINT NOT NULL,                -- … and the last
  newest_ns BIGINT NOT NULL                 -- the latest start of a trace that went
);

CREATE TABLE IF NOT EXISTS removed_traces ( -- the last of them
  trace_id   UUID NOT NULL,
  rule       VARCHAR NOT NULL,
  removed_ns BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS weighed_traces ( -- traces that a policy made stand for others that went
  trace_id  UUID NOT NULL,
  factor    DOUBLE NOT NULL,                -- by which the weights of its spans were multiplied …
  until_row BIGINT NOT NULL                 -- … up to this row
);

CREATE TABLE IF NOT EXISTS repeated_spans ( -- stored spans that other sources brought too; theirs were dropped
  span_row  BIGINT NOT NULL,
  trace_id  UUID NOT NULL,
  source_id UINTEGER NOT NULL               -- of one that was dropped; never that of the span itself
);

-- Log lines that name a trace, in the order of loading. They are no spans and in no count; the page shows them.
CREATE TABLE IF NOT EXISTS log_lines (
  line_row         BIGINT NOT NULL,         -- counts up without end
  trace_id         UUID NOT NULL,
  span_id          UBIGINT NOT NULL,        -- 0 = the line names none
  parent_id        UBIGINT NOT NULL,
  time_ns          BIGINT NOT NULL,         -- 0 = unknown
  level            VARCHAR NOT NULL,        -- "" = unknown
  service          VARCHAR NOT NULL,        -- "" = the line names none
  message          VARCHAR NOT NULL,
  attributes       VARCHAR NOT NULL,        -- JSON {key: OTLP AnyValue}
  written_trace_id VARCHAR NOT NULL,        -- "" = no different
  written_span_id  VARCHAR NOT NULL,
  source_id        UINTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS log_traces (     -- the traces that log lines name
  trace_id       UUID PRIMARY KEY,
  lines          BIGINT NOT NULL,
  first_row      BIGINT NOT NULL,           -- its lines lie in log_lines between these rows
  last_row       BIGINT NOT NULL,
  fresh          BOOLEAN NOT NULL,          -- lines came since its spans were last inferred, or found to be recorded
  inferred_first BIGINT,                    -- its spans between these rows of spans are guesses from its lines;
  inferred_last  BIGINT                     -- NULL: none are
);

-- One row an analysed trace: `summary` is the whole of TraceSummary, the other columns are what queries ask for.
-- Inserted in time order, replaced when the trace is analysed again.
CREATE TABLE IF NOT EXISTS traces (
  trace_id             UUID PRIMARY KEY,    -- the index opens a trace by id, and lets a newer analysis replace the row
  start_ns             BIGINT NOT NULL,
  duration_ns          BIGINT NOT NULL,     -- last end - first start
  response_ns          BIGINT NOT NULL,     -- of the primary root
  root_span_id         VARCHAR NOT NULL,    -- 16 hex digits, with _1 when repair split an id
  root_service         VARCHAR NOT NULL,
  root_name            VARCHAR NOT NULL,
  spans                UINTEGER NOT NULL,
  errors               UINTEGER NOT NULL,   -- spans of status ERROR
  failed               BOOLEAN NOT NULL,    -- the primary root has status ERROR
  services             STRUCT(service VARCHAR, spans UINTEGER, errors UINTEGER, critical_ns BIGINT)[] NOT NULL, -- ServiceShare
  verdict_service      VARCHAR NOT NULL,
  verdict_name         VARCHAR NOT NULL,
  verdict_sentence     VARCHAR NOT NULL,
  failure_sentence     VARCHAR NOT NULL,    -- "" when the trace did not fail
  warnings             UINTEGER NOT NULL,
  incomplete           BOOLEAN NOT NULL,
  depth                UINTEGER NOT NULL,   -- levels of spans
  weight               DOUBLE NOT NULL,     -- traces that it stands for: the weight of its root
  summary              BLOB NOT NULL,       -- msgpack: a page reads it in a third of the time of so many columns
  first_row            BIGINT NOT NULL,     -- its spans lie in spans between these rows
  last_row             BIGINT NOT NULL      -- also the version: grows whenever spans arrive
);

CREATE TABLE IF NOT EXISTS trace_warnings ( -- what repair had to say, but for duplicates: sources counts them
  trace_id  UUID NOT NULL,
  source_id UINTEGER NOT NULL,              -- of the trace's first span
  code      VARCHAR NOT NULL,
  message   VARCHAR NOT NULL,
  place     VARCHAR NOT NULL,               -- Warning.where
  span_id   VARCHAR NOT NULL,
  count     UINTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS clock_shifts (   -- how far repair shifted times, or did not since it was too far, by trace and pair
  trace_id UUID NOT NULL,
  caller   VARCHAR NOT NULL,                -- host, or service where one of the two hosts is not known
  callee   VARCHAR NOT NULL,
  shift_ns BIGINT NOT NULL                  -- of the callee's times, against the caller's
);

CREATE TABLE IF NOT EXISTS span_facts (     -- what analysis found of each stored span, joined by span_row
  span_row    BIGINT NOT NULL,
  critical_ns BIGINT NOT NULL,
  self_ns     BIGINT NOT NULL,
  depth       UINTEGER NOT NULL,
  path_id     UBIGINT NOT NULL,
  on_path     BOOLEAN NOT NULL
);

-- Calls of one trace, summed. Read where a window is short or traces of an edge are asked for; edge_sums is made of it.
CREATE TABLE IF NOT EXISTS trace_edges (
  trace_id  UUID NOT NULL,
  slot      INTEGER NOT NULL,               -- start_ns // 300 s of the call
  caller_id UINTEGER NOT NULL,              -- nodes.node_id
  callee_id UINTEGER NOT NULL,
  type      UTINYINT NOT NULL,              -- index into model.facts.EDGE_TYPES
  bucket    UTINYINT NOT NULL,              -- floor(4 * log2(duration_ns)), 0 below 2 ns
  calls     UINTEGER NOT NULL,
  errors    UINTEGER NOT NULL,
  critical_ns BIGINT NOT NULL               -- of the spans at and below its calls, up to the next calls, times weight of trace
);

CREATE TABLE IF NOT EXISTS edge_weights (   -- what calls of a weight that is not 1 add to those sums; none without sampling
  trace_id  UUID NOT NULL,
  slot      INTEGER NOT NULL,
  caller_id UINTEGER NOT NULL,
  callee_id UINTEGER NOT NULL,
  type      UTINYINT NOT NULL,
  bucket    UTINYINT NOT NULL,
  weighted  UINTEGER NOT NULL,              -- such calls
  calls     DOUBLE NOT NULL,                -- sum of weight - 1
  errors    DOUBLE NOT NULL,                -- the same of those that failed
  squares   DOUBLE NOT NULL                 -- sum of weight² - 1
);

CREATE TABLE IF NOT EXISTS trace_nodes (    -- what each node had in one trace; node_sums is made of it
  trace_id    UUID NOT NULL,
  slot        INTEGER NOT NULL,             -- start_ns // 300 s of the trace
  node_id     UINTEGER NOT NULL,            -- services add up to the whole; a peer's time is part of its caller's
  spans       UINTEGER NOT NULL,
  errors      UINTEGER NOT NULL,
  critical_ns BIGINT NOT NULL               -- times weight of trace
);

-- Sums. Rows are deltas (also negative, when a trace is analysed again): always read with sum() and GROUP BY.

CREATE TABLE IF NOT EXISTS edge_sums (      -- calls between nodes
  slot      INTEGER NOT NULL,               -- start_ns // 300 s of the call
  caller_id UINTEGER NOT NULL,
  callee_id UINTEGER NOT NULL,
  type      UTINYINT NOT NULL,
  bucket    UTINYINT NOT NULL,
  calls     BIGINT NOT NULL,
  errors    BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS edge_totals (    -- the same of all time: after a load, or when many came, one row an edge
  caller_id   UINTEGER NOT NULL,
  callee_id   UINTEGER NOT NULL,
  type        UTINYINT NOT NULL,
  calls       BIGINT NOT NULL,
  errors      BIGINT NOT NULL,
  critical_ns BIGINT NOT NULL,
  buckets     UTINYINT[] NOT NULL,
  counts      BIGINT[] NOT NULL             -- calls of each of these buckets
);

CREATE TABLE IF NOT EXISTS edge_times (     -- critical time of calls, whatever they took
  slot        INTEGER NOT NULL,             -- start_ns // 300 s of the call
  caller_id   UINTEGER NOT NULL,
  callee_id   UINTEGER NOT NULL,
  type        UTINYINT NOT NULL,
  critical_ns BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS node_sums (      -- time that requests waited for each node
  slot        INTEGER NOT NULL,             -- start_ns // 300 s of the trace
  node_id     UINTEGER NOT NULL,            -- services add up to the whole; a peer's time is part of its caller's
  spans       BIGINT NOT NULL,
  errors      BIGINT NOT NULL,
  critical_ns BIGINT NOT NULL
);

-- Spans by what pages count them by. entry: a call from outside, so kind server or consumer, or no parent. The time of
-- a span is the start of its trace here, as everywhere in searches; only first_ns and last_ns are the spans' own.
CREATE TABLE IF NOT EXISTS operation_sums (
  slot          INTEGER NOT NULL,           -- start_ns // 300 s of the trace
  operation_id  UINTEGER NOT NULL,
  entry         BOOLEAN NOT NULL,
  bucket        UTINYINT,                   -- floor(4 * log2(duration_ns)), 0 below 2 ns; NULL: unknown duration
  spans         INTEGER NOT NULL,
  failed        INTEGER NOT NULL,           -- of status ERROR
  weighted      INTEGER NOT NULL,           -- whose weight is not 1
  weight        DOUBLE NOT NULL,
  failed_weight DOUBLE NOT NULL,
  squares       DOUBLE NOT NULL,            -- sum of weight²
  critical_ns   BIGINT NOT NULL             -- times weight of trace
);

CREATE TABLE IF NOT EXISTS resource_sums (  -- by service and process, for its versions and instances
  slot          INTEGER NOT NULL,           -- of a whole hour: 12 slots are summed in their first
  service_id    UINTEGER NOT NULL,
  resource_id   UINTEGER NOT NULL,
  entry         BOOLEAN NOT NULL,
  bucket        UTINYINT,
  spans         INTEGER NOT NULL,
  failed        INTEGER NOT NULL,
  weighted      INTEGER NOT NULL,
  weight        DOUBLE NOT NULL,
  failed_weight DOUBLE NOT NULL,
  squares       DOUBLE NOT NULL,
  critical_ns   BIGINT NOT NULL,
  first_ns      BIGINT,                     -- first and last start of a span that was ever counted; NULL: unknown
  last_ns       BIGINT
);

CREATE TABLE IF NOT EXISTS duration_sums (  -- traces by time and duration: heat map, totals
  minute   INTEGER NOT NULL,                -- start_ns // 60 s of the trace
  bucket   UTINYINT NOT NULL,               -- floor(4 * log2(duration_ns)), 0 below 2 ns
  traces   BIGINT NOT NULL,
  failed   BIGINT NOT NULL,
  slowest  UUID,                            -- one of the slowest traces counted here; NULL on negative rows
  slowest_ns BIGINT                         -- its duration, for arg_max
);

CREATE TABLE IF NOT EXISTS facet_sums (     -- traces by what the facets show
  slot    INTEGER NOT NULL,                 -- start_ns // 300 s of the trace
  facet   VARCHAR NOT NULL,                 -- service, root, bottleneck, outcome
  service VARCHAR NOT NULL,                 -- "" for outcome
  name    VARCHAR NOT NULL,                 -- "" for service; outcome: failed, errors (below a root that is well), ok
  traces  BIGINT NOT NULL,
  failed  BIGINT NOT NULL
);

-- Findings: known patterns of waste and failure, by trace; looked for after the load, when they are first asked for.
-- settings: looked_row, every trace whose last_row lies below it was looked at; looked_sum, of the thresholds then in
-- force; unread_calls, in traces so large that not all calls were read.

CREATE TABLE IF NOT EXISTS finding_kinds (  -- what findings of many traces have in common; no ids in it
  kind_id     UINTEGER PRIMARY KEY,
  fingerprint VARCHAR NOT NULL,             -- code and a digest of the rest: for queries and addresses
  code        VARCHAR NOT NULL,
  service     VARCHAR NOT NULL,
  name        VARCHAR NOT NULL,             -- operation; "" where the code has none
  subject     VARCHAR NOT NULL              -- what is asked, whom, or what an error says; "" likewise
);

CREATE TABLE IF NOT EXISTS findings (       -- one row a trace and kind
  trace_id    UUID NOT NULL,
  kind_id     UINTEGER NOT NULL,
  start_ns    BIGINT NOT NULL,              -- of the trace …
  duration_ns BIGINT NOT NULL,
  weight      DOUBLE NOT NULL,              -- … and of its root: traces that this one stands for
  severity    UTINYINT NOT NULL,            -- place in model.insights.SEVERITIES
  times       UINTEGER NOT NULL,            -- findings of this kind in the trace
  gain_ns     BIGINT NOT NULL,              -- what the response could be shorter
  count       UINTEGER NOT NULL,            -- the numbers that made it fire, the greatest in the trace
  time_ns     BIGINT NOT NULL,
  share       FLOAT NOT NULL                -- of time_ns in the response
);

CREATE TABLE IF NOT EXISTS late_children (  -- spans below those of a service, and how many ended after them
  trace_id   UUID NOT NULL,
  start_ns   BIGINT NOT NULL,               -- of the trace
  service_id UINTEGER NOT NULL,
  children   UINTEGER NOT NULL,
  late       UINTEGER NOT NULL
);
