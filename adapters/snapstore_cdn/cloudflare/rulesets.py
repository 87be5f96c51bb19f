"""Rules by the phase that they are for: its entry point, which is written as a whole.

What Cloudflare manages is referred to and never written. An entry point without rules is none: Cloudflare
makes one with the first rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from snapstore.model import UNMODELLED, Fact, Json
from snapstore.remote.abreast import answers
from snapstore.remote.cloudflare import Told, followed, is_id
from snapstore.remote.lost import MovedError
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import ENTRIES, LIST, RULESET, Place
from snapstore_cdn.cloudflare.optional import answer_of
from snapstore_cdn.provider import Attrs, Change

_SIZE = 50
_TOLD = frozenset({"id", "version", "last_updated", "ref", "categories"})
"""What is told of a rule and is no state; a reference is, where it is not just the rule's id."""
_LIST = re.compile(r"\bin\s+\$([a-z0-9_]+)(?![a-z0-9_.])")
"""A list of the account in an expression; one with a dot in its name is Cloudflare's own."""


def read(made: Api, place: Place, lists: Collection[str]) -> Iterator[Fact]:
    """The entry points of all phases, and what they refer to that is not captured. ``lists`` are those that
    are."""
    heads = {one["id"]: one for one in followed(made, f"{place.path}/rulesets", _SIZE)}
    elsewhere = {_named(one) for one in heads.values() if one["kind"] == "custom"}
    entries = sorted(
        (one for one in heads.values() if one["kind"] in ENTRIES), key=lambda one: str(one["phase"])
    )
    path = f"{place.path}/rulesets"
    told = answers(lambda head: made.call("GET", f"{path}/{head['id']}")["result"], entries, made.lost)
    for head, attrs in zip(entries, map(plain, told), strict=True):
        if attrs is None:
            continue
        used = set(lists_of(attrs))
        elsewhere |= {f"list {name}" for name in used - set(lists)}
        elsewhere |= {_named(heads.get(id, {"name": id})) for id in _executed(attrs)}
        needs = tuple(f"{LIST}:{name}" for name in sorted(used & set(lists)))
        yield Fact(f"{RULESET}:{place.name}/{head['phase']}", attrs, needs=needs)
    yield from (Fact(f"{UNMODELLED}:{place.name}: {text}") for text in sorted(elsewhere))


def _named(head: Told) -> str:
    return f"{head.get('kind', '')} ruleset {head['name']}".strip()


def plain(told: Told) -> dict[str, Json] | None:
    """What a fact says of an entry point; None of one that has no rules."""
    rules = [_plain_rule(one) for one in told.get("rules") or ()]
    texts = {part: told[part] for part in ("name", "description") if told.get(part)}
    return {**texts, "rules": rules} if rules else None


def _plain_rule(told: Told) -> dict[str, Json]:
    rule = {name: value for name, value in told.items() if name not in _TOLD and value not in ("", None)}
    ref = told.get("ref")
    return {**rule, "ref": ref} if ref and ref != told.get("id") and not is_id(ref) else rule


def lists_of(attrs: Attrs) -> Iterator[str]:
    """The names of lists that rules refer to."""
    for rule in attrs["rules"]:
        yield from _LIST.findall(str(rule.get("expression", "")))
        redirects = (rule.get("action_parameters") or {}).get("from_list")
        if redirects:
            yield redirects["name"]


def _executed(attrs: Attrs) -> Iterator[str]:
    for rule in attrs["rules"]:
        if rule.get("action") == "execute":
            yield rule["action_parameters"]["id"]


def write(made: Api, place: Place, change: Change, begun: Callable[[], None]) -> None:
    """The whole entry point; rules that stay keep their ids, by which logs and analytics know them."""
    path = f"{place.path}/rulesets/phases/{change.name.partition('/')[2]}/entrypoint"
    live = answer_of(made, path) or {}
    if plain(live) != change.before:
        raise MovedError(f"{change.name} is of version {live.get('version')} by now")
    after: Mapping[str, Any] = change.after or {"rules": []}
    names = {name: live[name] for name in ("name",) if live.get(name)}
    said = {**names, "description": "", **after, "rules": _with_ids(after["rules"], live.get("rules") or ())}
    begun()
    made.call("PUT", path, said)


def _with_ids(rules: Sequence[Told], live: Sequence[Told]) -> list[Told]:
    """Rules with the ids of those that are the same, or are meant by the same reference."""
    left = {one["id"]: one for one in live}
    found: list[Told] = []
    for rule in rules:
        id = next((id for id, one in left.items() if _plain_rule(one) == rule), None) or next(
            (id for id, one in left.items() if "ref" in rule and one.get("ref") == rule["ref"]), None
        )
        left.pop(id or "", None)
        found.append({"id": id, **rule} if id else rule)
    return found
