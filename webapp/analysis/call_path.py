"""By which calls a span was reached, as a number that is the same in all traces (analysis.md 6.2), and how deep it is.

A frame is a service and an operation; a path is the frames from the root down. Sums over paths are not made here.
"""

import re
from hashlib import blake2b

import numpy as np

from webapp.analysis.attribution import MISSING
from webapp.analysis.runs import gathered_from_above
from webapp.model.columns import I32, U64
from webapp.model.facts import Forest
from webapp.model.spans import Kind

_DEEPEST = 128  # what is called further down counts as the frame at this depth
_ODD, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_TOKEN_START, _TOKEN_END = r"(?<![^\s/:=,;()\[\]#&'\"])", r"(?![^\s/:=,;()\[\]#&'\"])"
_QUERY_STRING = re.compile(r"(?<=\S)\?\S*")
_IDENTITY = re.compile(
    _TOKEN_START
    + r"""(?: \d+
        | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
        | (?=[a-z]*\d) [0-9a-f]{8,}
        | (?=[a-z_-]*\d) [\w-]{20,}
        )"""
    + _TOKEN_END,
    re.IGNORECASE | re.VERBOSE,
)


def operation(name: str) -> str:
    """The name without what differs from call to call: numbers, UUIDs, hexadecimal and long tokens, query strings.

    >>> operation("GET /users/42/orders?page=2")
    'GET /users/{id}/orders'
    """
    return _IDENTITY.sub("{id}", _QUERY_STRING.sub("", name))


def depths(forest: Forest) -> I32:
    """Roots have depth 0."""
    return gathered_from_above(forest.parent, np.ones(len(forest), np.int32), np.add) - np.int32(1)


def path_ids(forest: Forest, depth: I32) -> U64:
    """A call that the same frame made (recursion) stays on its path. A CLIENT whose one SERVER does the same
    operation has the server's frame: one call, two spans.
    """
    frame = _frames(forest)
    level = np.minimum(depth, _DEEPEST).astype(np.uint8)
    order = np.argsort(level, kind="stable")
    bounds = np.searchsorted(level[order], np.arange(_DEEPEST + 2))
    path = _mixed(frame, np.zeros(len(forest), np.uint64))
    for place in range(1, _DEEPEST):
        nodes = order[bounds[place] : bounds[place + 1]]
        above = forest.parent[nodes]
        path[nodes] = np.where(frame[nodes] == frame[above], path[above], _mixed(frame[nodes], path[above]))
    return _continued(forest, depth, path)


def _continued(forest: Forest, depth: I32, path: U64) -> U64:
    deep = depth >= _DEEPEST
    if deep.any():
        up = np.where(deep, forest.parent, np.arange(len(forest)))
        while (depth[up] >= _DEEPEST).any():
            up = up[up]
        path = path[up]
    return path


def _frames(forest: Forest) -> U64:
    columns = forest.columns
    services = np.array([_hashed(name) for name in (*columns.services, MISSING)], np.uint64)
    operations = np.array([_hashed(operation(name)) for name in (*columns.names, MISSING)], np.uint64)
    does = operations[forest.name]
    frame = _mixed(services[forest.service], does)
    servers = np.flatnonzero((forest.kind == Kind.SERVER) & (forest.parent >= 0))
    client = forest.parent[servers]
    only = np.bincount(client, minlength=len(forest))[client] == 1
    agrees = only & (forest.kind[client] == Kind.CLIENT) & (does[client] == does[servers])
    frame[client[agrees]] = frame[servers[agrees]]
    return frame


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(value: U64, seed: U64) -> U64:
    mixed = (value ^ (seed * _ODD + _MIX)) * _MIX
    mixed ^= mixed >> np.uint64(32)
    mixed *= _ODD
    return mixed ^ (mixed >> np.uint64(29))
