"""Changed facts to the one action that replaces the file. Pure: it sees tokens, never a sealed value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Hazard, HazardName, Json, Verb
from snapstore_dotenv.dialects import interpret
from snapstore_dotenv.facts import FILE, file_fact
from snapstore_dotenv.parts import parts_of
from snapstore_dotenv.settings import Dialect

NEW_FILE_MODE = "0600"
_NAMES_SHOWN = 6
_VALUE_SHOWN = 60


def plan(request: PlanRequest) -> list[Action]:
    """One action that brings the file to the target facts; none when nothing changed."""
    changes = request.changes.facts
    if not changes:
        return []
    live = file_fact(request.live)
    dialect: Dialect = request.settings.dialect
    return [
        Action(
            resource=request.resource,
            verb=_verb(request),
            subject=f"{FILE}:{_file_name(request)}",
            summary=_summary(request),
            statements=tuple(_statements(changes, dialect)),
            undo=tuple(_statements([_reversed(change) for change in changes], dialect)),
            produces=tuple(change.id for change in changes if change.before is None),
            destroys=tuple(change.id for change in changes if change.after is None),
            hazards=tuple(_hazards(live, file_fact(request.target))),
            **_content(request),
        )
    ]


def _verb(request: PlanRequest) -> Verb:
    if not request.target:
        return Verb.DROP
    return Verb.ALTER if request.live else Verb.CREATE


def _content(request: PlanRequest) -> dict[str, Json]:
    if not request.target:
        return {}
    parts = parts_of(request.target)
    file = file_fact(request.target)
    mode = file.attrs["mode"] if file else NEW_FILE_MODE
    return {"payload": {"mode": mode, "parts": parts.parts}, "secrets": parts.secrets}


def _file_name(request: PlanRequest) -> str:
    file = file_fact(request.target) or file_fact(request.live)
    return file.name if file else str(request.settings.path).rpartition("/")[2]


def _summary(request: PlanRequest) -> str:
    name = _file_name(request)
    if not request.target:
        return f"remove {name}"
    names = [_sign(c) + c.id.partition(":")[2] for c in request.changes.facts if not _is_file(c)]
    more = len(names) - _NAMES_SHOWN
    listed = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    what = listed or "comments, order, line ends or mode"
    return f"{'write' if request.live else 'create'} {name}: {what}"


def _statements(changes: Sequence[FactChange], dialect: Dialect) -> Iterator[str]:
    for change in changes:
        yield from _file_lines(change) if _is_file(change) else [_variable_line(change, dialect)]


def _variable_line(change: FactChange, dialect: Dialect) -> str:
    line = f"{_sign(change)} {change.id.partition(':')[2]}"
    shown = [_shown(fact, dialect) for fact in (change.before, change.after) if fact is not None]
    if len(shown) == 1:
        return f"{line}: {shown[0]}"
    if shown[0] != shown[1]:
        return f"{line}: {shown[0]} → {shown[1]}"
    before, after = _value(change.before), _value(change.after)
    return f"{line}: {'changed' if before != after else 'changed around the value'}"


def _file_lines(change: FactChange) -> Iterator[str]:
    name = change.id.partition(":")[2]
    before = change.before.attrs if change.before else {}
    after = change.after.attrs if change.after else {}
    if not before or not after:
        yield f"{_sign(change)} file {name}, mode {(after or before).get('mode')}"
        return
    if before.get("mode") != after.get("mode"):
        yield f"~ mode {before.get('mode')} → {after.get('mode')}"
    if {**before, "mode": ""} != {**after, "mode": ""}:
        yield "~ comments, order or line ends"


def _shown(fact: Fact, dialect: Dialect) -> str:
    value = _value(fact)
    if not isinstance(value, str):
        return "sealed"
    text = interpret(value, dialect)
    text = text if text.isprintable() and text else json.dumps(text, ensure_ascii=False)
    return text if len(text) <= _VALUE_SHOWN else text[: _VALUE_SHOWN - 1] + "…"


def _value(fact: Fact | None) -> Json:
    return fact.attrs.get("value") if fact else None


def _hazards(live: Fact | None, target: Fact | None) -> Iterator[Hazard]:
    if live is None or target is None:
        return
    before, after = live.attrs.get("mode", "0"), target.attrs.get("mode", "0")
    if int(after, 8) & ~int(before, 8) & 0o077:
        text = f"{target.name} gets readable or writable to more users: mode {before} → {after}"
        yield Hazard(HazardName.SECURITY, text)


def _reversed(change: FactChange) -> FactChange:
    return FactChange(change.id, change.after, change.before)


def _is_file(change: FactChange) -> bool:
    return change.id.startswith(f"{FILE}:")


def _sign(change: FactChange) -> str:
    if change.before is None:
        return "+"
    return "-" if change.after is None else "~"
