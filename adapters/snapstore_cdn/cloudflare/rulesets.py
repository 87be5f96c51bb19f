"""Rules by the phase that they are for: its entry point, and the custom rulesets that these execute, each
written as a whole.

What Cloudflare manages is referred to and never written. An entry point without rules is none: Cloudflare
makes one with the first rule. Custom rulesets get an id when they are made, so rules refer to them by place,
phase and name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from snapstore.errors import SnapError
from snapstore.model import UNMODELLED, Fact, Json
from snapstore.remote.abreast import answers
from snapstore.remote.cloudflare import Told, followed, is_id
from snapstore.remote.lost import MovedError
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.executing import BY_ID, BY_NAME, EXECUTE, Customs, by_id, by_name
from snapstore_cdn.cloudflare.kinds import CUSTOM, ENTRIES, LIST, RULESET, Place
from snapstore_cdn.cloudflare.optional import answer_of
from snapstore_cdn.provider import Attrs, Change

_SIZE = 50
_TOLD = frozenset({"id", "version", "last_updated", "ref", "categories"})
"""What is told of a rule and is no state; a reference is, where it is not just the rule's id."""
_LIST = re.compile(r"\bin\s+\$([a-z0-9_]+)(?![a-z0-9_.])")
"""A list of the account in an expression; one with a dot in its name is Cloudflare's own."""


class Known(NamedTuple):
    """What rules may stand on and is captured: names of lists, and custom rulesets."""

    lists: Collection[str]
    customs: Customs


def heads(made: Api, place: Place) -> list[Told]:
    """All rulesets, without their rules."""
    return list(followed(made, f"{place.path}/rulesets", _SIZE))


def customs(place: Place, told: Iterable[Told]) -> dict[str, str]:
    """The custom rulesets that can be told apart by their names."""
    names = {
        one["id"]: f"{place.name}/{one['phase']}/{one['name']}" for one in told if one["kind"] == "custom"
    }
    count = Counter(names.values())
    return {id: name for id, name in names.items() if count[name] == 1}


def read(made: Api, place: Place, told: Sequence[Told], known: Known) -> Iterator[Fact]:
    """The entry points of all phases and the custom rulesets, and what they refer to that is not captured."""
    by_id = {one["id"]: one for one in told}
    wanted = sorted((one for one in told if _identity(place, one, known)), key=lambda one: str(one["phase"]))
    path = f"{place.path}/rulesets"
    whole = answers(lambda head: made.call("GET", f"{path}/{head['id']}")["result"], wanted, made.lost)
    elsewhere = {_named(one) for one in told if one["kind"] == "custom" and one["id"] not in known.customs}
    for head, one in zip(wanted, whole, strict=True):
        attrs = plain(one, known.customs)
        if attrs["rules"] or head["kind"] == "custom":
            elsewhere |= {f"list {name}" for name in set(lists_of(attrs)) - set(known.lists)}
            elsewhere |= {_named(by_id.get(id, {"name": id})) for id in _executed(attrs, BY_ID)}
            yield Fact(_identity(place, head, known), attrs, needs=tuple(sorted(_needs(attrs, known))))
    yield from (Fact(f"{UNMODELLED}:{place.name}: {text}") for text in sorted(elsewhere))


def _identity(place: Place, head: Told, known: Known) -> str:
    """That of the fact, "" where there is none."""
    if head["kind"] in ENTRIES:
        return f"{RULESET}:{place.name}/{head['phase']}"
    return f"{CUSTOM}:{known.customs[head['id']]}" if head["id"] in known.customs else ""


def _named(head: Told) -> str:
    return f"{head.get('kind', '')} ruleset {head['name']}".strip()


def _needs(attrs: Attrs, known: Known) -> Iterator[str]:
    yield from (f"{LIST}:{name}" for name in set(lists_of(attrs)) & set(known.lists))
    yield from (f"{CUSTOM}:{name}" for name in set(_executed(attrs, BY_NAME)))


def plain(told: Told, customs: Customs) -> dict[str, Any]:
    """What a fact says of a ruleset."""
    texts = {part: told[part] for part in ("name", "description") if told.get(part)}
    return {**texts, "rules": [_plain_rule(one, customs) for one in told.get("rules") or ()]}


def _plain_rule(told: Told, customs: Customs) -> dict[str, Json]:
    plain = {name: value for name, value in told.items() if name not in _TOLD and value not in ("", None)}
    rule = dict(by_name(plain, customs))
    ref = told.get("ref")
    return {**rule, "ref": ref} if ref and ref != told.get("id") and not is_id(ref) else rule


def lists_of(attrs: Attrs) -> Iterator[str]:
    """The names of lists that rules refer to."""
    for rule in attrs["rules"]:
        yield from _LIST.findall(str(rule.get("expression", "")))
        redirects = (rule.get("action_parameters") or {}).get("from_list")
        if redirects:
            yield redirects["name"]


def _executed(attrs: Attrs, by: str) -> Iterator[str]:
    for rule in attrs["rules"]:
        if rule["action"] == EXECUTE and by in rule["action_parameters"]:
            yield rule["action_parameters"][by]


def write(made: Api, place: Place, change: Change, customs: Customs, begun: Callable[[], None]) -> None:
    """The whole ruleset; rules that stay keep their ids, by which logs and analytics know them."""
    path = f"{place.path}/rulesets"
    if change.kind == RULESET:
        _write_entry(
            made, f"{path}/phases/{change.name.partition('/')[2]}/entrypoint", change, customs, begun
        )
        return
    id = next((id for id, name in customs.items() if name == change.name), None)
    live = answer_of(made, f"{path}/{id}") if id else None
    if (plain(live, customs) if live else None) != change.before:
        raise _moved(change, live)
    begun()
    if change.after is None:
        made.call("DELETE", f"{path}/{id}")
    elif live is None:
        kind = {"kind": "custom", "phase": change.name.split("/")[1]}
        made.call("POST", path, {**kind, **_said(change.after, {}, customs)})
    else:
        made.call("PUT", f"{path}/{id}", _said(change.after, live, customs))


def _write_entry(made: Api, path: str, change: Change, customs: Customs, begun: Callable[[], None]) -> None:
    live = answer_of(made, path) or {}
    now = plain(live, customs)
    if (now if now["rules"] else None) != change.before:
        raise _moved(change, live)
    names = {name: live[name] for name in ("name",) if live.get(name)}
    said = _said({**names, **(change.after or {"rules": []})}, live, customs)
    begun()
    made.call("PUT", path, said)


def _moved(change: Change, live: Told | None) -> MovedError:
    return MovedError(f"{change.name} is of version {(live or {}).get('version')} by now")


def _said(attrs: Attrs, live: Told, customs: Customs) -> dict[str, Json]:
    """A ruleset as it is told, with the ids of rules that are the same or are meant by the same reference."""
    left = {one["id"]: one for one in live.get("rules") or ()}
    rules: list[Told] = []
    for rule in attrs["rules"]:
        id = next((id for id, one in left.items() if _plain_rule(one, customs) == rule), None) or next(
            (id for id, one in left.items() if "ref" in rule and one.get("ref") == rule["ref"]), None
        )
        left.pop(id or "", None)
        rules.append({**({"id": id} if id else {}), **_said_rule(rule, customs)})
    return {"description": "", **attrs, "rules": rules}


def _said_rule(rule: Told, customs: Customs) -> Told:
    said = by_id(rule, customs)
    name = (said.get("action_parameters") or {}).get(BY_NAME)
    if name is not None and said["action"] == EXECUTE:
        text = f"there is no custom ruleset {name}, which rules execute"
        raise SnapError(text, fix=f"restore it too: {CUSTOM}:{name}")
    return said
