"""Changed keys to actions of many keys each: a plan with one action for each of a million is no plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.errors import some as listed
from snapstore.model import (
    SEALED,
    Action,
    DataMode,
    Fact,
    FactChange,
    Hazard,
    HazardName,
    Json,
    SealedRef,
    Verb,
)
from snapstore_redis.comparing import has_expired, knows_vectors, version
from snapstore_redis.names import KNOWN_TYPES, VECTORS

AT_ONCE = 200
_DELETED, _WRITTEN = 0, 45
_SHOWN = 60
_PUT_BACK = "put back by restoring the safety snapshot"
_UNDO = {Verb.DROP: _PUT_BACK, Verb.ALTER: _PUT_BACK, Verb.CREATE: "UNLINK each"}
_PARTS = {
    "list": ("item", "items"),
    "set": ("member", "members"),
    "zset": ("member", "members"),
    "hash": ("field", "fields"),
    "stream": ("entry", "entries"),
    VECTORS: ("element", "elements"),
}
_ENCODER = msgspec.json.Encoder(order="sorted")


def key_actions(request: PlanRequest, changes: Iterable[FactChange]) -> Iterator[Action]:
    """Those that go, then those that come or change. What has expired by now goes."""
    gone: list[FactChange] = []
    left: list[FactChange] = []
    unknown: list[FactChange] = []
    for change in changes:
        if change.after is None or has_expired(change.after, request.live_hints):
            gone.append(FactChange(change.id, change.before, None))
        elif change.after.attrs["type"] == VECTORS and not knows_vectors(request.live_hints):
            unknown.append(change)
        else:
            left.append(change)
    if unknown:
        yield _impossible(request, unknown, "the server knows no vector sets")
    for some in _batches(gone):
        yield _action(request, some, Verb.DROP)
    for verb in (Verb.CREATE, Verb.ALTER):
        for some in _batches([c for c in left if (c.before is None) == (verb is Verb.CREATE)]):
            yield _action(request, some, verb)


def _batches(changes: Sequence[FactChange]) -> Iterator[list[FactChange]]:
    left = iter(changes)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _action(request: PlanRequest, changes: Sequence[FactChange], verb: Verb) -> Action:
    word = {Verb.DROP: "delete", Verb.CREATE: "create", Verb.ALTER: "change"}[verb]
    names = tuple(change.id for change in changes)
    return Action(
        resource=request.resource,
        verb=verb,
        subject=names[0],
        summary=f"{word} {_named(changes)}",
        statements=tuple(_line(change) for change in changes),
        payload={"keys": [_entry(change) for change in changes]},
        undo=(_UNDO[verb],),
        produces=names if verb is not Verb.DROP else (),
        destroys=names if verb is Verb.DROP else (),
        hazards=tuple(_hazards(request, changes, verb)),
        secrets=dict(secret for change in changes for secret in _secrets(change.after)),
        rank=_DELETED if verb is Verb.DROP else _WRITTEN,
    )


def _impossible(request: PlanRequest, changes: Sequence[FactChange], why: str) -> Action:
    """No restore can do this: it is said beforehand, and nothing is done."""
    text = f"{listed([_name(change) for change in changes])}: {why}"
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=changes[0].id,
        summary=text,
        hazards=(Hazard(HazardName.UNVERIFIABLE, text),),
    )


def _named(changes: Sequence[FactChange]) -> str:
    first = _name(changes[0])
    last = _name(changes[-1])
    return f"the key {first}" if len(changes) == 1 else f"{len(changes)} keys, from {first} to {last}"


def _name(change: FactChange) -> str:
    return change.id.partition(":")[2]


def _entry(change: FactChange) -> Json:
    """A key: what it is to be, and how to tell whether it still is what the plan was made for."""
    entry: dict[str, Json] = {"id": change.id}
    if change.before is not None:
        entry["was"] = digest(change.before.attrs)
        if "expires_at" in change.before.attrs:
            entry["expires_at"] = change.before.attrs["expires_at"]
    if change.after is not None:
        entry["attrs"] = change.after.attrs
    return entry


def digest(attrs: dict[str, Json]) -> str:
    return hashlib.sha256(_ENCODER.encode(attrs)).hexdigest()


def _secrets(fact: Fact | None) -> Iterator[tuple[str, SealedRef]]:
    if fact and _is_sealed(fact):
        yield f"{{{fact.id}}}", SealedRef(fact.id, fact.attrs["value"][SEALED])


def _hazards(request: PlanRequest, changes: Sequence[FactChange], verb: Verb) -> Iterator[Hazard]:
    if verb is Verb.DROP and request.options.data is DataMode.REFUSE:
        yield Hazard(HazardName.DATA_LOSS, f"{_named(changes)} will be gone")
    foreign = [_name(c) for c in changes if c.after and _is_dump(c.after)]
    versions = [hints.get("version") for hints in (request.live_hints, request.target_hints)]
    if foreign and versions[0] != versions[1]:
        text = f"{listed(foreign)}: values of this type go back to a server of the same version only"
        yield Hazard(HazardName.UNVERIFIABLE, text)
    if version(request.live_hints) < (7,):
        fields = [_name(c) for c in changes if c.after and "fields_expire_at" in c.after.attrs]
        if fields:
            yield Hazard(HazardName.UNVERIFIABLE, f"{listed(fields)}: the server knows no fields that expire")


def _is_dump(fact: Fact) -> bool:
    """Whether it is as DUMP gives it: a type that only a module knows, or vectors in a form that is new."""
    unread = fact.attrs["type"] == VECTORS and "dump" in fact.attrs["value"]
    return (unread or fact.attrs["type"] not in KNOWN_TYPES) and not _is_sealed(fact)


def _is_sealed(fact: Fact) -> bool:
    value = fact.attrs["value"]
    return isinstance(value, dict) and SEALED in value


def _line(change: FactChange) -> str:
    name = _name(change)
    before, after = (_shown(fact) for fact in (change.before, change.after))
    if before and after:
        return f"~ {name}: {before} → {after}" if before != after else f"~ {name}: {before}, changed inside"
    return f"+ {name}: {after}" if after else f"- {name}: {before}"


def _shown(fact: Fact | None) -> str:
    if fact is None:
        return ""
    value, kind = fact.attrs["value"], fact.attrs["type"]
    if _is_sealed(fact):
        text = f"{kind}, sealed"
    elif (kind == "string" and not isinstance(value, str)) or _is_dump(fact):
        text = f"{kind}, binary"
    elif isinstance(value, str):
        text = value if value.isprintable() and value else json.dumps(value, ensure_ascii=False)
        text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    else:
        one, many = _PARTS[kind]
        number = len(value[many] if kind in ("stream", VECTORS) else value)
        text = f"{kind} of {number:,} {one if number == 1 else many}"
    return f"{text} until {_moment(fact.attrs['expires_at'])}" if "expires_at" in fact.attrs else text


def _moment(milliseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):  # Redis counts further than the calendar
        return f"{milliseconds} ms since 1970"
