"""Rules of the time before rulesets, each by itself: who comes in by their address, network or country, what
only some addresses may reach, and which user agents stay out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from snapstore.model import UNMODELLED, Fact, Json
from snapstore.remote.cloudflare import Told
from snapstore.remote.lost import MovedError
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import ACCESS, ACCOUNT, AGENT, LOCKDOWN, Place
from snapstore_cdn.cloudflare.optional import all_of, answer_of
from snapstore_cdn.provider import Attrs, Change

_SIZE = 100
_OF_USER, _OF_ACCOUNT = frozenset({"user"}), frozenset({"organization", "account"})
"""The scopes of access rules that a zone has of somebody else."""


class _Kind(NamedTuple):
    """Where it is, what a rule goes by, what is state of it, how that is told, and how it is changed."""

    path: str
    name: Callable[[Told], str]
    state: tuple[str, ...]
    said: Callable[[str, Attrs], dict[str, Json]]
    method: str


def _of_access(name: str, attrs: Attrs) -> dict[str, Json]:
    target, _, value = name.partition("/")
    return {"configuration": {"target": target, "value": value}, "notes": "", **attrs}


def _of_lockdown(name: str, attrs: Attrs) -> dict[str, Json]:
    return {"description": "", **attrs}


def _of_agent(name: str, attrs: Attrs) -> dict[str, Json]:
    return {"configuration": {"target": "ua", "value": name}, "description": "", **attrs}


_KINDS: Mapping[str, _Kind] = {
    ACCESS: _Kind(
        "access_rules/rules",
        lambda told: f"{told['configuration']['target']}/{told['configuration']['value']}",
        ("mode", "notes"),
        _of_access,
        "PATCH",
    ),
    LOCKDOWN: _Kind(
        "lockdowns",
        lambda told: " ".join(sorted(told["urls"])),
        ("configurations", "description", "paused", "priority", "urls"),
        _of_lockdown,
        "PUT",
    ),
    AGENT: _Kind(
        "ua_rules",
        lambda told: str(told["configuration"]["value"]),
        ("description", "mode", "paused"),
        _of_agent,
        "PUT",
    ),
}


def read(made: Api, place: Place, kind: str, ids: dict[str, str], *, with_account: bool) -> Iterator[Fact]:
    """All rules of a kind; their ids are put into ``ids``. What a zone has of a user is named by that alone,
    and what it has of its account unless that is captured too."""
    known = _KINDS[kind]
    others: set[str] = set()
    for told in all_of(made, f"{place.path}/firewall/{known.path}", _SIZE):
        identity = f"{kind}:{place.name}/{known.name(told)}"
        scope = (told.get("scope") or {}).get("type")
        if place.name != ACCOUNT and scope in _OF_USER | _OF_ACCOUNT:
            if scope in _OF_USER or not with_account:
                others.add(f"{place.name}: access rules of its {scope}")
        elif identity in ids:
            others.add(f"{place.name}: another {kind} rule for {known.name(told)}")
        else:
            ids[identity] = told["id"]
            yield Fact(identity, _plain(known, told))
    yield from (Fact(f"{UNMODELLED}:{text}") for text in sorted(others))


def _plain(known: _Kind, told: Told) -> dict[str, Any]:
    attrs = {part: told[part] for part in known.state if told.get(part) not in ("", None)}
    for part in ("configurations", "urls"):
        if part in attrs:
            attrs[part] = sorted(attrs[part], key=str)
    return attrs


def write(made: Api, place: Place, change: Change, ids: Mapping[str, str], begun: Callable[[], None]) -> None:
    """One rule, when it still is what it was; what is there already is refused."""
    known = _KINDS[change.kind]
    path = f"{place.path}/firewall/{known.path}"
    one = f"{path}/{ids.get(change.id)}"
    if change.before is not None:
        live = answer_of(made, one) if change.id in ids else None
        if live is None or _plain(known, live) != change.before:
            raise MovedError(f"{change.id} is not what it was")
    begun()
    if change.after is None:
        made.call("DELETE", one)
        return
    said = known.said(change.name.partition("/")[2], change.after)
    made.call(*(("POST", path) if change.before is None else (known.method, one)), said)
