"""Streams with all that belongs to them: entries, groups, consumers and what these have not acknowledged.

Left out is when a consumer was last seen: no command can set it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from snapstore.model import Json
from snapstore_redis.connection import Command
from snapstore_redis.names import bytes_of, member_of, name_of, raw_of, value_of

_ZERO = "0-0"


def stream_of(answer: list[Any]) -> Json:
    """The answer to XINFO STREAM … FULL COUNT 0 as JSON."""
    told = _pairs(answer)
    found: dict[str, Json] = {
        "entries": {entry[0].decode(): [value_of(part) for part in entry[1]] for entry in told["entries"]},
        "last_id": told["last-generated-id"].decode(),
    }
    if "entries-added" in told:
        found["entries_added"] = told["entries-added"]
        found["max_deleted_id"] = told["max-deleted-entry-id"].decode()
    groups = [_pairs(group) for group in told["groups"]]
    if groups:
        found["groups"] = {member_of(group["name"]): _group(group) for group in groups}
    return found


def _pairs(flat: list[Any]) -> dict[str, Any]:
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _group(told: Mapping[str, Any]) -> Json:
    found: dict[str, Json] = {
        "last_id": told["last-delivered-id"].decode(),
        "consumers": sorted(name_of(_pairs(consumer)["name"]) for consumer in told["consumers"]),
        "pending": {
            entry.decode(): {"consumer": name_of(consumer), "delivered_at": time, "count": count}
            for entry, consumer, time, count in told["pending"]
        },
    }
    if told.get("entries-read") is not None:
        found["entries_read"] = told["entries-read"]
    return found


def rebuilding(key: bytes, stream: Json) -> Iterator[Command]:
    """The commands that make this stream where there is none.

    What is pending though it was deleted has to be there for a moment: only what is there can be claimed.
    """
    groups = stream.get("groups", {})
    entries = {entry: [raw_of(part) for part in parts] for entry, parts in stream["entries"].items()}
    deleted = {entry for group in groups.values() for entry in group["pending"]} - entries.keys()
    yield from _filled(key, entries | {entry: [b"", b""] for entry in deleted})
    for name, group in groups.items():
        yield from _grouped(key, bytes_of(name), group)
    if deleted:
        yield "XDEL", key, *sorted(deleted, key=_order)
    yield from _counted(key, stream)


def _filled(key: bytes, entries: Mapping[str, list[bytes]]) -> Iterator[Command]:
    for entry in sorted(entries, key=_order):
        yield "XADD", key, entry, *entries[entry]
    if not entries:
        yield "XGROUP", "CREATE", key, "-", _ZERO, "MKSTREAM"
        yield "XGROUP", "DESTROY", key, "-"


def _grouped(key: bytes, name: bytes, group: Mapping[str, Json]) -> Iterator[Command]:
    yield "XGROUP", "CREATE", key, name, group["last_id"]
    for consumer in group["consumers"]:
        yield "XGROUP", "CREATECONSUMER", key, name, bytes_of(consumer)
    for entry, pending in group["pending"].items():
        claim = ("XCLAIM", key, name, bytes_of(pending["consumer"]), 0, entry)
        times = ("TIME", pending["delivered_at"], "RETRYCOUNT", pending["count"])
        yield *claim, *times, "FORCE", "JUSTID"


def _counted(key: bytes, stream: Mapping[str, Json]) -> Iterator[Command]:
    """The counters as they were, last of all: adding and deleting moves them."""
    if "entries_added" not in stream:
        yield "XSETID", key, stream["last_id"]
        return
    counts = ("ENTRIESADDED", stream["entries_added"], "MAXDELETEDID", stream["max_deleted_id"])
    yield "XSETID", key, stream["last_id"], *counts
    for name, group in stream.get("groups", {}).items():
        read = group.get("entries_read", -1)
        yield "XGROUP", "SETID", key, bytes_of(name), group["last_id"], "ENTRIESREAD", read


def _order(entry: str) -> tuple[int, int]:
    time, _, number = entry.partition("-")
    return int(time), int(number)
