"""Which nodes of the service graph are drawn as one: a peer that is a service, addresses without names, namespaces.

Nodes are numbers, as in the table `nodes`; what is drawn in place of several gets a number of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from webapp.model.results import Merged

_MOST_ADDRESSES = 10  # that are drawn each for itself
Node = tuple[str, str]  # kind, name


@dataclass(frozen=True, slots=True)
class Merging:
    """`onto`: by node the one it is drawn as; `names` has the new ones too. `same`: peers that are services.

    `members`: by new node those it stands for; `keys`: the namespace of those that are one.
    """

    names: dict[int, Node]
    onto: dict[int, int]
    same: dict[int, int]
    keys: dict[int, str]
    members: dict[int, list[int]]

    def merged(self, calls: Mapping[int, float]) -> dict[str, Merged]:
        """By name of node; `calls` by member."""
        return {
            self.names[node][1]: Merged(
                self.keys.get(node, ""),
                sorted(
                    ((self.names[member][1], calls.get(member, 0)) for member in members),
                    key=lambda one: (-one[1], one[0]),
                ),
            )
            for node, members in self.members.items()
        }


def merge(names: dict[int, Node], calls: Iterable[tuple[int, int]], groups: Mapping[str, str]) -> Merging:
    """`calls`: pairs of caller and callee that occur. `groups`: by service the namespace it is drawn as a part of."""
    pairs = set(calls)
    same = _same_nodes(names)
    used = {node for pair in pairs for node in pair}
    addresses = sorted(
        node for node in used - same.keys() if names[node][0] == "external" and is_address(names[node][1])
    )
    parts: dict[str, list[int]] = defaultdict(list)
    for node, (kind, name) in names.items():
        if kind == "service" and name in groups:
            parts[groups[name]].append(node)
    parts = {key: found for key, found in parts.items() if len(found) > 1}
    for node, key in _owned(names, pairs, {node: key for key, found in parts.items() for node in found}):
        parts[key].append(node)
    merging = Merging(dict(names), dict(same), same, {}, {})
    if len(addresses) > _MOST_ADDRESSES:
        _join(merging, ("external", f"external ({len(addresses):,} addresses)"), addresses)
    for key, found in sorted(parts.items()):
        services = sum(names[node][0] == "service" for node in found)
        merging.keys[_join(merging, ("namespace", f"{key} ({services:,} services)"), found)] = key
    return merging


def _join(merging: Merging, node: Node, members: list[int]) -> int:
    number = max(merging.names, default=-1) + 1
    merging.names[number] = node
    merging.members[number] = members
    merging.onto.update(dict.fromkeys(members, number))
    for peer, service in merging.same.items():
        if service in members:
            merging.onto[peer] = number
    return number


def _owned(
    names: Mapping[int, Node], pairs: set[tuple[int, int]], of: Mapping[int, str]
) -> Iterable[tuple[int, str]]:
    """Databases and queues that only the services of one namespace speak to, and that namespace."""
    if not of:
        return
    beside: dict[int, Counter[str]] = defaultdict(Counter)
    for caller, callee in pairs:
        for node, other in ((caller, callee), (callee, caller)):
            if names[node][0] in ("db", "messaging"):
                beside[node][of.get(other, "")] += 1
    for node, keys in sorted(beside.items()):
        if len(keys) == 1 and (key := next(iter(keys))):
            yield node, key


def _same_nodes(names: Mapping[int, Node]) -> dict[int, int]:
    """A peer that is named like a service which sends spans itself (elsewhere) is that service."""
    services = {name: number for number, (kind, name) in names.items() if kind == "service"}
    return {
        number: services[name]
        for number, (kind, name) in names.items()
        if kind == "external" and name in services
    }


def is_address(name: str) -> bool:
    """Whether a host is named by its address alone.

    >>> [is_address(name) for name in ("10.0.0.7", "10.0.0.7:443", "::1", "[fe80::1]:80", "api.example.com")]
    [True, True, True, True, False]
    """
    for host in (name, name.rpartition(":")[0], name[1:].partition("]")[0]):
        try:
            ip_address(host)
        except ValueError:
            continue
        return True
    return False
