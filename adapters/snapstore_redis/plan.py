"""Changed facts to actions. Pure: it sees tokens, never a sealed value.

The order: keys that go, parameters, functions, keys that come, users, where the server listens, and last of
all the user that we come in as.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from snapstore.adapter import PlanRequest
from snapstore.errors import Exit, SnapError
from snapstore.model import SEALED, Action, Fact, FactChange, Hazard, HazardName, Json, SealedRef, Verb
from snapstore_redis import parameters, users
from snapstore_redis.comparing import beyond, version
from snapstore_redis.functions import FUNCTION, MODULE
from snapstore_redis.keyplan import key_actions
from snapstore_redis.names import KEY
from snapstore_redis.purging import is_kept

__all__ = ["beyond", "plan"]

PARAMETERS, DELETED_LIBRARIES, LIBRARIES, MEMORY, PASSWORD, USERS, LISTENING, OURSELVES = range(10, 90, 10)
_SHOWN = 80


def plan(request: PlanRequest) -> list[Action]:
    """SnapError for a server that cannot be restored at all."""
    excused = beyond(request.changes, request.live_hints, request.target_hints)
    changes = [change for change in request.changes.facts if change.id not in excused]
    if not changes:
        return []
    _require_master(request)
    by_kind: dict[str, list[FactChange]] = {}
    for change in changes:
        by_kind.setdefault(change.id.partition(":")[0], []).append(change)
    found = [
        *_parameters(request, by_kind.get(parameters.PARAMETER, ())),
        *_modules(request, by_kind.get(MODULE, ())),
        *_functions(request, by_kind.get(FUNCTION, ())),
        *_users(request, by_kind.get(users.USER, ())),
        *key_actions(request, by_kind.get(KEY, ())),
    ]
    _require_file(request, found)
    return found


def _require_master(request: PlanRequest) -> None:
    if request.live_hints.get("role", "master") != "master":
        raise SnapError(
            "the server is a replica: what is written to it is refused, or lost when it synchronises",
            where=request.resource,
            fix="use the url of its master",
            code=Exit.REFUSED,
        )


def _require_file(request: PlanRequest, found: Iterable[Action]) -> None:
    without = request.settings.persist and not request.live_hints.get("config_file", True)
    if without and any(map(is_kept, found)):
        raise SnapError(
            "persist = true, but the server has no configuration file: it would forget what is restored",
            where=request.resource,
            fix="start it with a configuration file, or say persist = false",
        )


def _action(request: PlanRequest, change: FactChange, **more: Any) -> Action:
    """An action on the one fact that changed."""
    sides = change.before, change.after
    verb = Verb.CREATE if sides[0] is None else Verb.DROP if sides[1] is None else Verb.ALTER
    return Action(
        resource=request.resource,
        subject=change.id,
        **{
            "verb": verb,
            "produces": (change.id,) if change.after else (),
            "destroys": () if change.after else (change.id,),
            **more,
        },
    )


def _impossible(request: PlanRequest, change: FactChange, why: str) -> Action:
    """No restore can do this: it is said beforehand, and nothing is done."""
    return _action(
        request,
        change,
        summary=f"{change.id.replace(':', ' ', 1)}: {why}",
        hazards=(Hazard(HazardName.UNVERIFIABLE, f"{change.id}: {why}"),),
    )


# Parameters


def _parameters(request: PlanRequest, changes: Iterable[FactChange]) -> Iterator[Action]:
    for change in changes:
        name = change.id.partition(":")[2]
        if change.before is None:
            yield _impossible(request, change, "the server does not know this parameter")
        elif parameters.is_fixed(name, request.live, request.live_hints):
            why = "can only be changed in the configuration file, and by a restart"
            yield _impossible(request, change, f"{_text(change.before)} → {_text(change.after)} {why}")
        else:
            yield _set(request, change, name)


def _set(request: PlanRequest, change: FactChange, name: str) -> Action:
    spelled = parameters.spelled(name, version(request.live_hints))
    payload: dict[str, Json] = {"set": spelled, "value": _value(change.after)}
    found = _action(
        request,
        change,
        summary=f"set {name}: {_text(change.before)} → {_text(change.after)}",
        statements=(f"CONFIG SET {spelled} {_text(change.after)}",),
        undo=(f"CONFIG SET {spelled} {_text(change.before)}",),
        payload=payload,
        secrets=_secret_of(change.after),
        hazards=tuple(_set_hazards(request, name, change)),
        rank=_set_rank(name, change),
    )
    return _with_default_user(request, found) if name == "requirepass" else found


def _value(fact: Fact | None) -> Json:
    value = fact.attrs["value"] if fact else ""
    return {"secret": _placeholder(fact)} if fact and _is_sealed(value) else value


def _is_sealed(value: Json) -> bool:
    return isinstance(value, dict) and SEALED in value


def _placeholder(fact: Fact) -> str:
    return f"{{{fact.id}}}"


def _secret_of(fact: Fact | None) -> dict[str, SealedRef]:
    if fact is None or not _is_sealed(fact.attrs["value"]):
        return {}
    return {_placeholder(fact): SealedRef(fact.id, fact.attrs["value"][SEALED])}


def _text(fact: Fact | None) -> str:
    """A value as one would type it."""
    value = fact.attrs["value"] if fact else ""
    if _is_sealed(value):
        return _placeholder(fact) if fact else ""
    plain = isinstance(value, str) and value.isprintable() and value and not set(value) & set(" '\"\\")
    return value if plain else json.dumps(value, ensure_ascii=False)


def _set_rank(name: str, change: FactChange) -> int:
    if name == "requirepass":
        return PASSWORD
    if name in parameters.LISTENING:
        return LISTENING
    if name == "maxmemory" and _lowered(change):
        return MEMORY
    return PARAMETERS


def _lowered(change: FactChange) -> bool:
    before, after = _bytes(change.before), _bytes(change.after)
    return after != 0 and (before == 0 or after < before)


def _bytes(fact: Fact | None) -> int:
    value = fact.attrs["value"] if fact else "0"
    return int(value) if isinstance(value, str) and value.isdigit() else 0


def _set_hazards(request: PlanRequest, name: str, change: FactChange) -> Iterator[Hazard]:
    if name in parameters.LISTENING:
        text = (
            f"{name} decides where clients reach the server: some may not any more, this program among them"
        )
        yield Hazard(HazardName.DOWNTIME, text)
    after = change.after.attrs["value"] if change.after else ""
    if name == "requirepass" and after == "":
        yield Hazard(HazardName.SECURITY, "requirepass goes: who reaches the server needs no password")
    if name == "protected-mode" and after == "no":
        yield Hazard(HazardName.SECURITY, "protected-mode goes: others than the host itself can connect")
    if name == "maxmemory" and _lowered(change):
        policy = request.target.get(f"{parameters.PARAMETER}:maxmemory-policy")
        used = request.live_hints.get("memory", 0)
        if used > _bytes(change.after) and policy and policy.attrs["value"] != "noeviction":
            text = f"maxmemory is less than what is used: keys are evicted ({policy.attrs['value']})"
            yield Hazard(HazardName.DATA_LOSS, text, bytes=used - _bytes(change.after))


def _with_default_user(request: PlanRequest, action: Action) -> Action:
    """Setting requirepass gives the default user that password and no other: it gets its own back at once."""
    user = request.target.get(users.DEFAULT)
    if user is None or request.live.get(users.DEFAULT) is None:
        return action
    again = _user_call(user)
    return Action(
        resource=action.resource,
        verb=action.verb,
        subject=action.subject,
        summary=action.summary,
        statements=(*action.statements, *again["statements"]),
        undo=action.undo,
        payload={**action.payload, **again["payload"]},
        secrets={**action.secrets, **again["secrets"]},
        hazards=(*action.hazards, *_user_hazards(request, request.live[users.DEFAULT], user)),
        produces=(action.subject, users.DEFAULT),
        rank=action.rank,
    )


# Modules and functions


def _modules(request: PlanRequest, changes: Iterable[FactChange]) -> Iterator[Action]:
    for change in changes:
        word = "is not loaded" if change.before is None else "is another one" if change.after else "is loaded"
        yield _impossible(request, change, f"{word}: modules come with the configuration file and a restart")


def _functions(request: PlanRequest, changes: Iterable[FactChange]) -> Iterator[Action]:
    changes = list(changes)
    if version(request.live_hints) < (7,):
        yield from (_impossible(request, change, "needs Redis 7 or later") for change in changes)
        return
    for change in changes:
        if change.after is None:
            yield _delete_library(request, change)
        elif change.before is not None and _in_the_way(change.before, changes):
            yield _delete_library(request, FactChange(change.id, change.before, None))
            yield _load_library(request, FactChange(change.id, None, change.after))
        else:
            yield _load_library(request, change)


def _in_the_way(library: Fact, changes: Iterable[FactChange]) -> bool:
    """Whether one of its functions has to be free for another library first."""
    names = set(library.attrs["functions"])
    return any(c.after and c.id != library.id and names & set(c.after.attrs["functions"]) for c in changes)


def _delete_library(request: PlanRequest, change: FactChange) -> Action:
    name = change.id.partition(":")[2]
    return _action(
        request,
        change,
        summary=f"delete the functions of {name}",
        statements=(f"FUNCTION DELETE {name}",),
        undo=(f"FUNCTION LOAD {_code(change.before)}",),
        payload={"delete": name},
        rank=DELETED_LIBRARIES,
    )


def _load_library(request: PlanRequest, change: FactChange) -> Action:
    name = change.id.partition(":")[2]
    undo = f"FUNCTION LOAD REPLACE {_code(change.before)}" if change.before else f"FUNCTION DELETE {name}"
    return _action(
        request,
        change,
        summary=f"load the functions of {name}",
        statements=(f"FUNCTION LOAD REPLACE {_code(change.after)}",),
        undo=(undo,),
        payload={"load": change.after.attrs["code"] if change.after else ""},
        rank=LIBRARIES,
    )


def _code(fact: Fact | None) -> str:
    code = fact.attrs["code"] if fact else ""
    return code if isinstance(code, str) else json.dumps(code)


# Users


def _users(request: PlanRequest, changes: Iterable[FactChange]) -> Iterator[Action]:
    changes = list(changes)
    with_password = any(c.id == f"{parameters.PARAMETER}:requirepass" for c in request.changes.facts)
    for change in changes:
        if change.after is None:
            yield _delete_user(request, change)
        elif version(request.live_hints) < (7,) and _needs_seven(change.after):
            yield _impossible(request, change, "has selectors or patterns that need Redis 7 or later")
        elif not (with_password and change.id == users.DEFAULT):
            yield _set_user(request, change, change.after)


def _needs_seven(fact: Fact) -> bool:
    return bool(fact.attrs.get("selectors")) or any(rule.startswith("%") for rule in fact.attrs["rules"])


def _set_user(request: PlanRequest, change: FactChange, user: Fact) -> Action:
    call = _user_call(user)
    return _action(
        request,
        change,
        summary=f"{'set' if change.before else 'create'} user {user.name}",
        statements=call["statements"],
        undo=_user_call(change.before)["statements"] if change.before else (f"ACL DELUSER {user.name}",),
        payload=call["payload"],
        secrets=call["secrets"],
        hazards=tuple(_user_hazards(request, change.before, user)),
        rank=OURSELVES if user.name == request.live_hints.get("user") else USERS,
    )


def _user_call(user: Fact) -> Mapping[str, Any]:
    words = list(users.modifiers(user))
    secrets = users.secrets(user)
    return {
        "statements": (f"ACL SETUSER {user.name} {' '.join(words)}",),
        "payload": {"user": user.name, "modifiers": words, "secret": sorted(secrets)},
        "secrets": secrets,
    }


def _delete_user(request: PlanRequest, change: FactChange) -> Action:
    name = change.id.partition(":")[2]
    ours = name == request.live_hints.get("user")
    return _action(
        request,
        change,
        summary=f"delete user {name}",
        statements=(f"ACL DELUSER {name}",),
        undo=_user_call(change.before)["statements"] if change.before else (),
        payload={"delete_user": name},
        hazards=(_shut_out(name),) if ours else (),
        rank=OURSELVES if ours else USERS,
    )


def _user_hazards(request: PlanRequest, before: Fact | None, after: Fact) -> Iterator[Hazard]:
    gained = users.widened(before, after)
    if gained:
        words = " ".join(gained)
        shown = words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"
        yield Hazard(HazardName.SECURITY, f"user {after.name} gets {shown}")
    if before is not None and after.name == request.live_hints.get("user") and _shuts_out(before, after):
        yield _shut_out(after.name)


def _shuts_out(before: Fact, after: Fact) -> bool:
    """Whether somebody with the password of now may be refused afterwards."""
    if not after.attrs["enabled"]:
        return True
    if after.attrs.get("nopass"):
        return False
    known = [json.dumps(password) for password in after.attrs.get("passwords", ())]
    held = [json.dumps(password) for password in before.attrs.get("passwords", ())]
    return bool(before.attrs.get("nopass")) or any(password not in known for password in held)


def _shut_out(name: str) -> Hazard:
    text = f"this program comes in as {name}: the next command may need another user or password in the url"
    return Hazard(HazardName.DOWNTIME, text)
