"""Spans of Zipkin's version 1 as records of version 2: one, or the two halves of a call that both sides told of in one.

Version 1 says in annotations what happened when (cs: client sent, sr: server received, ms: message sent), in binary
annotations everything else, each with the endpoint that said it. The rules are those of Zipkin's own server.
"""

from typing import Any, NamedTuple

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.zipkin.tags import JsonObject, endpoint, text

_KINDS = {"cs": "CLIENT", "cr": "CLIENT", "sr": "SERVER", "ss": "SERVER", "ms": "PRODUCER", "mr": "CONSUMER"}
_WIRE = ("ws", "wr")
_ADDRESSES = ("ca", "sa", "ma")  # of the client, the server, the broker
_OWN = ("annotations", "binaryAnnotations", "timestamp", "duration")
_OF_BOTH = ("traceId", "id", "parentId", "name", "debug")


class _Moment(NamedTuple):
    time_us: int
    endpoint: JsonObject


def is_version_1(record: JsonObject) -> bool:
    return "binaryAnnotations" in record or any(
        "endpoint" in one for one in _objects(record.get("annotations"))
    )


def as_version_2(record: JsonObject, notes: Notes, where: str) -> list[JsonObject]:
    """Not empty; the first is the client's or the only one."""
    halves = _Halves(record)
    halves.take_annotations(record.get("annotations"))
    halves.take_times()
    strange = halves.take_binary_annotations(record.get("binaryAnnotations"))
    if len(halves.records) > 1:
        notes.warn("both_halves", where=where, count=len(halves.records) - 1)
    if strange:
        notes.warn("bad_attribute", where=where, count=strange)
    return halves.records


class _Halves:
    def __init__(self, record: JsonObject) -> None:
        self._start_us = units.whole_number(record.get("timestamp")) or 0
        self._length_us = units.whole_number(record.get("duration")) or 0
        self._both = {key: record[key] for key in _OF_BOTH if key in record}
        self._core: dict[str, _Moment] = {}
        self._sides: dict[str, JsonObject] = {}  # the half that speaks of a kind
        self._times: JsonObject = {key: record[key] for key in ("timestamp", "duration") if key in record}
        first = {key: value for key, value in record.items() if key not in _OWN}
        for key in ("tags", "localEndpoint", "remoteEndpoint"):  # version 2's, mixed in
            if key in first:
                first[key] = dict(endpoint(first[key]))
        self.records: list[JsonObject] = [first]

    def _at(self, place: JsonObject) -> JsonObject:
        """The half of this endpoint's service; who says nothing of itself belongs to the first."""
        if not place:
            return self.records[0]
        for half in self.records:
            if not half.get("localEndpoint"):
                half["localEndpoint"] = place
            if _is_same_service(half["localEndpoint"], place):
                return half
        return self._another(place)

    def _another(self, place: JsonObject) -> JsonObject:
        self.records.append(self._both | {"localEndpoint": place})
        return self.records[-1]

    # annotations

    def take_annotations(self, annotations: object) -> None:
        for one in annotations if isinstance(annotations, list) else ():
            value, place, time_us = _annotation(one)
            half = self._at(place)
            is_core = (value in _KINDS or value in _WIRE) and value not in self._core
            if is_core and place and time_us is not None:
                self._core[value] = _Moment(time_us, place)
                half |= {"kind": _KINDS[value]} if value in _KINDS else {}
                continue
            if value == "error":
                half.setdefault("tags", {}).setdefault("error", "")
            half.setdefault("annotations", []).append(_without_endpoint(one))

    def take_times(self) -> None:
        cs, sr = self._begin("cs", "cr"), self._begin("sr", "ss")
        cr, ss = self._core.get("cr"), self._core.get("ss")
        if cs and sr:
            self._take_both_sides("cs", cs, "sr", sr)
            self._lasts(self._sides["cs"], cs, cr)
            self._spans_time(self._sides["sr"], sr, ss)
            self._sides["sr"]["shared"] = True
        elif cs and cr:
            self._lasts(self._side("cs", cs), cs, cr)
        elif sr and ss:
            self._lasts(self._side("sr", sr), sr, ss)
        else:
            self._take_incomplete(cs, cr, sr, ss)
        if sr and not cs and not self._start_us:  # a start that is not told belongs to the client
            self._side("sr", sr)["shared"] = True
        self._take_messages(*(self._core.get(value) for value in ("ms", "ws", "wr", "mr")))

    def _begin(self, begin: str, end: str) -> _Moment | None:
        """What was not annotated, if the span's own times end where its annotation does."""
        ended = self._core.get(end)
        own_end_us = self._start_us + self._length_us
        if begin in self._core or not ended or not self._start_us or ended.time_us != own_end_us:
            return self._core.get(begin)
        return _Moment(self._start_us, ended.endpoint)

    def _side(self, value: str, moment: _Moment) -> JsonObject:
        return self._sides.setdefault(value, self._at(moment.endpoint))

    def _take_both_sides(self, near: str, sent: _Moment, far: str, received: _Moment) -> None:
        """Two halves also where a service calls itself."""
        self._side(near, sent)["kind"] = _KINDS[near]
        alone = _is_same_service(sent.endpoint, received.endpoint)
        self._sides[far] = self._another(received.endpoint) if alone else self._at(received.endpoint)
        self._sides[far]["kind"] = _KINDS[far]

    def _lasts(self, half: JsonObject, begin: _Moment, end: _Moment | None) -> None:
        """The span's own times go before those of annotations."""
        if self._start_us and self._length_us:
            half |= {"timestamp": self._start_us, "duration": self._length_us}
        else:
            self._spans_time(half, begin, end)

    def _take_incomplete(
        self, cs: _Moment | None, cr: _Moment | None, sr: _Moment | None, ss: _Moment | None
    ) -> None:
        for begin, began, end, ended in (("cs", cs, "cr", cr), ("sr", sr, "ss", ss)):
            if began:
                self._side(begin, began).setdefault("timestamp", began.time_us)
            if ended:
                self._remember(self._side(end, ended), end, ended)
        if self._times.get("timestamp"):
            self.records[0].update(self._times)

    def _take_messages(
        self, ms: _Moment | None, ws: _Moment | None, wr: _Moment | None, mr: _Moment | None
    ) -> None:
        if ms and mr:
            self._take_both_sides("ms", ms, "mr", mr)
            self._spans_time(self._sides["ms"], ms, ws)
            self._sides["mr"]["shared"] = True
            self._spans_time(self._sides["mr"], wr or mr, mr if wr else None)
        elif ms:
            self._lasts(self._side("ms", ms), ms, ws)
        elif mr:
            self._lasts(self._side("mr", mr), wr or mr, mr if wr else None)
        for value, moment, is_used in (("ws", ws, ms), ("wr", wr, mr)):
            if moment and not is_used:
                self._remember(self._at(moment.endpoint), value, moment)

    def _spans_time(self, half: JsonObject, begin: _Moment, end: _Moment | None) -> None:
        half["timestamp"] = begin.time_us
        if end:
            half["duration"] = end.time_us - begin.time_us

    def _remember(self, half: JsonObject, value: str, moment: _Moment) -> None:
        half.setdefault("annotations", []).append({"timestamp": moment.time_us, "value": value})

    # binary annotations

    def take_binary_annotations(self, annotations: object) -> int:
        """How many could not be read."""
        peers: dict[str, list[JsonObject]] = {key: [] for key in _ADDRESSES}
        listed = annotations if isinstance(annotations, list) else [annotations]
        strange = 0
        for written in listed if annotations is not None else ():
            one = endpoint(written)
            key, value, place = one.get("key"), one.get("value"), endpoint(one.get("endpoint"))
            if not isinstance(key, str) or value is None:
                strange += 1
            elif key in _ADDRESSES and value in (True, "true") and place:
                peers[key].append(place)
            else:
                half = self._at(place)
                if (key, value) != ("lc", ""):  # the mark of local work
                    half.setdefault("tags", {})[key] = value
        self._take_peers(*peers.values())
        return strange

    def _take_peers(
        self, clients: list[JsonObject], servers: list[JsonObject], brokers: list[JsonObject]
    ) -> None:
        """Without annotations that say who sent, both addresses are those of both ends, one is the peer's."""
        sent = self._sides.get("cs") or self._sides.get("cr")
        received = self._sides.get("sr") or self._sides.get("ss")
        message = [half for side in ("ms", "mr") if (half := self._sides.get(side))]
        if not sent and not received and not message:
            if clients and servers:
                sent = self._at(clients[0])
            elif clients:
                received = self.records[0]
                received["kind"] = "SERVER"
            else:
                sent = self.records[0]
            message = [self.records[0]]
        for half, peers in ((sent, servers), (received, clients), *((half, brokers) for half in message)):
            if half and peers:
                _put_peer(half, peers)


def _annotation(one: Any) -> tuple[str, JsonObject, int | None]:  # noqa: ANN401  whatever is in the list
    found = endpoint(one)
    return (
        text(found.get("value")),
        endpoint(found.get("endpoint")),
        units.whole_number(found.get("timestamp")),
    )


def _without_endpoint(one: Any) -> Any:  # noqa: ANN401
    return {key: one[key] for key in one if key != "endpoint"} if isinstance(one, dict) else one


def _is_same_service(one: JsonObject, other: JsonObject) -> bool:
    return text(one.get("serviceName")) == text(other.get("serviceName"))


def _put_peer(half: JsonObject, peers: list[JsonObject]) -> None:
    """Some tracers name the peer like themselves, who only know its address."""
    local = endpoint(half.get("localEndpoint"))
    named = [one for one in peers if text(one.get("serviceName")) and not _is_same_service(local, one)]
    peer = named[0] if named else {key: value for key, value in peers[0].items() if key != "serviceName"}
    if peer and not half.get("remoteEndpoint"):
        half["remoteEndpoint"] = peer


def _objects(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
