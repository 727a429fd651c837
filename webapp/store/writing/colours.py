"""Which of the ten colours a service has: given once, kept for ever."""

import duckdb

from webapp.store.conditions.catalogue import Catalogue

SLOTS = 10


def fnv1a(text: str) -> int:
    """32 bit, of the UTF-8 bytes."""
    digest = 0x811C9DC5
    for byte in text.encode():
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return digest


def choose_slots(used: list[int], services: list[str]) -> list[int]:
    """Slots for new services in name order: the hash's own if it is free, else the least used one after it."""
    counts = [used.count(slot) for slot in range(SLOTS)]
    chosen = []
    for service in services:
        own = fnv1a(service) % SLOTS
        slot = (
            min(range(SLOTS), key=lambda each: (counts[each], (each - own) % SLOTS)) if counts[own] else own
        )
        counts[slot] += 1
        chosen.append(slot)
    return chosen


def assign_slots(writer: duckdb.DuckDBPyConnection) -> None:
    used = writer.execute("SELECT slot FROM services WHERE slot IS NOT NULL").fetchall()
    fresh = writer.execute("SELECT service FROM services WHERE slot IS NULL ORDER BY service").fetchall()
    services = [service for (service,) in fresh]
    slots = choose_slots([slot for (slot,) in used], services)
    if services:
        writer.executemany(
            "UPDATE services SET slot = ? WHERE service = ?", list(zip(slots, services, strict=True))
        )


def service_slots(catalogue: Catalogue) -> dict[str, int]:
    return dict(catalogue.rows("SELECT service, slot FROM services WHERE slot IS NOT NULL"))
