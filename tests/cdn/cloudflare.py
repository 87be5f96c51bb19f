"""A Cloudflare of our own that keeps what it is told: a zone's settings, rulesets, page rules and rules of
its firewall, and the account's lists, rulesets and access rules.

It refuses what the real one refuses: a setting that the plan does not have, a rule for a list or a custom
ruleset that is not there, one that a rule uses, a second rule for one address or page. Page rules are
numbered without gaps, items of lists are replaced later than it is said, one such thing at a time.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cdn.web import Answer, in_json, serving
from tests.dns.gateway import Gateway

TOKEN = "a token that only the tests know"
ZONE, ZONE_ID, ACCOUNT_ID = "example.com", "1" * 32, "a" * 32
OTHER, OTHER_ID = "shop.example.com", "2" * 32
Told = dict[str, Any]
ALONE = {"early_hints", "h2_prioritization", "image_resizing", "origin_max_http_version"}
UNSET = {"cache/tiered_cache_smart_topology_enable", "cache/variants"}
PHASES = {
    *("http_request_cache_settings", "http_request_dynamic_redirect", "http_request_late_transform"),
    *("http_request_firewall_custom", "http_request_firewall_managed", "http_request_redirect"),
}
RULE = {
    "id",
    "ref",
    "action",
    "action_parameters",
    "expression",
    "description",
    "enabled",
    "logging",
    "ratelimit",
}
KEYS = {"redirect": "source_url", "hostname": "url_hostname"}
GUARDS = {
    "access_rules": ({"configuration", "mode", "notes"}, ("configuration",)),
    "lockdowns": ({"configurations", "description", "paused", "priority", "urls"}, ("urls",)),
    "ua_rules": ({"configuration", "description", "mode", "paused"}, ("configuration",)),
}
"""What rules of a zone's firewall may say, and by what there is one of each."""
MANAGED = {"id": "e" * 32, "kind": "managed", "name": "Cloudflare Managed Ruleset", "rules": []}


class Refused(Exception):
    """A status, a code and a message."""


def require(right: object, status: int, code: int, text: str) -> None:
    if not right:
        raise Refused(status, code, text)


@dataclass
class Cloudflare:
    """``settings`` by name, of which ``read_only`` cannot be changed; ``rulesets`` by ``zones`` or
    ``accounts`` and phase, ``custom`` ones by id; ``guards`` by their kind and scope; ``page_rules`` from the
    one that counts first on; ``lists`` by id. ``sent`` is what changed something, ``changing`` the numbers of
    these requests, ``limit`` how many page rules there may be, ``lag`` how many requests it takes until items
    are replaced. ``other`` is another zone of the account, whose rules use no lists."""

    url: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    transforms: dict[str, bool] = field(default_factory=dict)
    normalization: Told = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)
    rulesets: dict[tuple[str, str], Told] = field(default_factory=dict)
    custom: dict[str, Told] = field(default_factory=dict)
    guards: dict[tuple[str, str], list[Told]] = field(default_factory=dict)
    page_rules: list[Told] = field(default_factory=list)
    lists: dict[str, Told] = field(default_factory=dict)
    operation: Told = field(default_factory=dict)
    lag: int = 2
    limit: int = 8
    page: int = 2
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    changing: list[int] = field(default_factory=list)
    purged: list[Told] = field(default_factory=list)
    denied: tuple[str, ...] = ()
    other: Cloudflare | None = None
    faults: Gateway = field(default_factory=lambda: Gateway(0))

    def kept(self) -> Told:
        """All of it, for :meth:`reset`."""
        names = ("settings", "transforms", "normalization", "read_only", "rulesets", "custom", "guards")
        names += ("page_rules", "lists")
        return copy.deepcopy({name: getattr(self, name) for name in names})

    def reset(self, kept: Told) -> None:
        """Become as it was then, with nothing under way."""
        for name, value in copy.deepcopy(kept).items():
            setattr(self, name, value)
        self.operation = {}
        self.sent.clear()
        self.changing.clear()

    def everything(self) -> Told:
        """All that is state."""
        return {
            "settings": dict(self.settings),
            "transforms": (dict(self.transforms), dict(self.normalization)),
            "rulesets": {
                place: {**{name: told[name] for name in ("name", "description")}, "rules": rules}
                for place, told in sorted(self.rulesets.items())
                if (rules := [self._state(rule) for rule in told["rules"]])
            },
            "custom": {
                (told["scope"], told["phase"], told["name"]): (
                    told["description"],
                    [self._state(rule) for rule in told["rules"]],
                )
                for told in self.custom.values()
            },
            "guards": {
                place: sorted(json.dumps(_own(one), sort_keys=True) for one in told)
                for place, told in self.guards.items()
                if told
            },
            "page rules": [
                {name: rule[name] for name in ("targets", "actions", "status")} for rule in self.page_rules
            ],
            "lists": {
                told["name"]: (told["kind"], told["description"], _items(told))
                for told in self.lists.values()
            },
        }

    # Changing it as others would

    def rule(self, scope: str, phase: str, *rules: Told, name: str = "default") -> None:
        said = [{k: v for k, v in rule.items() if k in RULE} for rule in rules]
        self._put_rules(scope, phase, {"name": name, "rules": said})

    def add_custom(self, scope: str, phase: str, name: str, *rules: Told) -> str:
        """Its id."""
        body = {"kind": "custom", "phase": phase, "name": name, "description": "", "rules": list(rules)}
        id: str = self._put_custom(scope, "", body)["id"]
        return id

    def guard(self, kind: str, scope: str = "zones", **said: Any) -> Told:
        return self._put_guard(kind, scope, None, said)

    def page_rule(self, url: str, *, first: bool = True, status: str = "active", **actions: Any) -> None:
        target = {"target": "url", "constraint": {"operator": "matches", "value": url}}
        told = [{"id": id} if value is None else {"id": id, "value": value} for id, value in actions.items()]
        body = {"targets": [target], "actions": told, "status": status}
        self._make_page_rule({**body, "priority": len(self.page_rules) + 1 if first else 1})

    def add_list(self, name: str, kind: str, *items: Told, description: str = "") -> None:
        made = self._make_list({"name": name, "kind": kind, "description": description})
        self.lists[made["id"]]["items"] = [_item(one) for one in items]

    def named(self, name: str) -> Told | None:
        return next((one for one in self.lists.values() if one["name"] == name), None)

    # What it answers

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self._later()
        parts = urlsplit(path)
        words = parts.path.strip("/").split("/")
        said = json.loads(body) if body else None
        try:
            require(headers.get("authorization") == f"Bearer {TOKEN}", 403, 10000, "Authentication error")
            require(not any(name in path for name in self.denied), 403, 10000, "Authentication error")
            found = self._do(method, words, {k: v[0] for k, v in parse_qs(parts.query).items()}, said)
        except Refused as refused:
            status, code, text = refused.args
            return in_json({"success": False, "errors": [{"code": code, "message": text}]}, status)
        if method != "GET":
            self.sent.append((method, parts.path, said))
            self.changing.append(self.faults.requests)
        return in_json({"success": True, "errors": [], **found})

    def _do(self, method: str, words: list[str], query: Mapping[str, str], body: Any) -> Told:
        match method, words:
            case "GET", ["zones"]:
                return {"result": [one for one in self._zones() if one["name"] == query["name"]]}
            case "GET", ["zones", id]:
                found = [one for one in self._zones() if one["id"] == id]
                require(bool(found), 404, 1001, "Invalid zone identifier")
                return {"result": found[0]}
            case _, ["zones", id, *rest] if id == ZONE_ID:
                return self._of_zone(method, rest, query, body)
            case _, ["zones", id, *rest] if id == OTHER_ID and self.other:
                return self.other._of_zone(method, rest, query, body)
            case _, ["accounts", id, "rulesets", *rest] if id == ACCOUNT_ID:
                return self._rulesets(method, "accounts", rest, query, body)
            case _, ["accounts", id, "firewall", "access_rules", "rules", *rest] if id == ACCOUNT_ID:
                return self._guards(method, "access_rules", "accounts", rest, query, body)
            case _, ["accounts", id, "rules", "lists", *rest] if id == ACCOUNT_ID:
                return self._lists(method, rest, query, body)
        raise Refused(404, 7003, "Could not route to this place")

    def _zones(self) -> list[Told]:
        others = [{"id": OTHER_ID, "name": OTHER}] if self.other else []
        return [{"id": ZONE_ID, "name": ZONE}, *others]

    def _of_zone(self, method: str, words: list[str], query: Mapping[str, str], body: Any) -> Told:
        match method, words:
            case "GET", ["settings"]:
                names = [name for name in self.settings if name not in ALONE and "/" not in name]
                return {"result": [self._setting(name) for name in names]}
            case _, ["settings" | "argo" | "cache", _]:
                return {"result": self._one_setting(method, "/".join(words).removeprefix("settings/"), body)}
            case _, ["managed_headers" | "url_normalization" as name]:
                return {"result": self._transformed(method, name, body)}
            case _, ["rulesets", *rest]:
                return self._rulesets(method, "zones", rest, query, body)
            case _, ["firewall", "access_rules", "rules", *rest]:
                return self._guards(method, "access_rules", "zones", rest, query, body)
            case _, ["firewall", "lockdowns" | "ua_rules" as kind, *rest]:
                return self._guards(method, kind, "zones", rest, query, body)
            case _, ["pagerules", *rest]:
                return {"result": self._page_rules(method, rest, body)}
            case "POST", ["purge_cache"]:
                require(len(body) == 1, 400, 1012, "one of them")
                self.purged.append(body)
                return {"result": {"id": ZONE_ID}}
        raise Refused(404, 7003, "Could not route to this place")

    # Settings

    def _setting(self, name: str) -> Told:
        value = self.settings[name]
        state = value if name == "ssl_recommender" else {"value": value}
        told = {"id": name.rpartition("/")[2], "editable": name not in self.read_only, **state}
        return {**told, "modified_on": "2026-01-01T00:00:00Z"}

    def _one_setting(self, method: str, name: str, body: Any) -> Told:
        if name not in self.settings and not (name in UNSET and method == "PATCH"):
            raise Refused(
                *((404, 1142, "never set") if name in UNSET else (400, 1006, "Unrecognized zone setting"))
            )
        if method != "GET":
            require(name not in self.read_only, 403, 1016, "not allowed to edit")
        if method == "DELETE":
            require(name in UNSET, 405, 10405, "Method not allowed")
            return {"id": name, "value": self.settings.pop(name)}
        if method == "PATCH":
            require(
                body.keys() == ({"enabled"} if name == "ssl_recommender" else {"value"}), 400, 1007, "value?"
            )
            self.settings[name] = body if name == "ssl_recommender" else body["value"]
        return self._setting(name)

    # What is done to all requests

    def _transformed(self, method: str, name: str, body: Any) -> Told:
        if name == "url_normalization":
            if method == "PUT":
                require(body.keys() == {"scope", "type"}, 400, 20000, "scope and type")
                self.normalization = body
            require(self.normalization, 403, 1015, "Not entitled")
            return self.normalization
        sides = ("managed_request_headers", "managed_response_headers")
        for side, said in (body or {}).items():
            for one in said:
                require(one["id"] in self.transforms and side in sides, 400, 20000, "no such transformation")
                self.transforms[one["id"]] = one["enabled"]
        located = [name for name in ("add_location", "add_city") if self.transforms.get(name)]
        require(len(located) < 2, 400, 20000, "these are not on together")
        told = [{"id": id, "enabled": on, "has_conflict": False} for id, on in self.transforms.items()]
        return {sides[0]: [one for one in told if one["id"][:3] == "add"], sides[1]: told[-1:]}

    # Rulesets

    def _rulesets(
        self, method: str, scope: str, words: list[str], query: Mapping[str, str], body: Any
    ) -> Told:
        match method, words:
            case "GET", []:
                require("page" not in query, 400, 10001, "page?")
                own = [told for (place, _), told in self.rulesets.items() if place == scope]
                own += [told for told in self.custom.values() if told["scope"] == scope]
                heads = [MANAGED | {"phase": "http_request_firewall_managed"}, *own]
                kept = [{k: v for k, v in one.items() if k not in ("rules", "scope")} for one in heads]
                return self._page(kept, query)
            case "GET", [id]:
                found = [
                    one for (place, _), one in self.rulesets.items() if (place, one["id"]) == (scope, id)
                ]
                found += [one for one in self.custom.values() if (one["scope"], one["id"]) == (scope, id)]
                require(found, 404, 10001, "no such ruleset")
                return {"result": found[0]}
            case "POST", []:
                require(body["kind"] == "custom" and body["phase"] in PHASES, 400, 20000, "no such kind")
                return {"result": self._put_custom(scope, "", body)}
            case "PUT" | "DELETE", [id]:
                there = self.custom.get(id, {}).get("scope") == scope
                require(there, 404, 10001, "no such custom ruleset")
                if method == "PUT":
                    return {"result": self._put_custom(scope, id, body)}
                uses = [one for told in self._all_rules() for one in told if id in str(one)]
                require(not uses, 400, 20118, "the ruleset is executed by a rule")
                del self.custom[id]
                return {"result": None}
            case "GET", ["phases", phase, "entrypoint"]:
                require((scope, phase) in self.rulesets, 404, 10003, "could not find entrypoint ruleset")
                return {"result": self.rulesets[scope, phase]}
            case "PUT", ["phases", phase, "entrypoint"]:
                return {"result": self._put_rules(scope, phase, body)}
        raise Refused(404, 7003, "Could not route to this place")

    def _put_rules(self, scope: str, phase: str, body: Told) -> Told:
        require(
            phase in PHASES and body.keys() <= {"name", "description", "rules"}, 400, 20000, "no such phase"
        )
        kind = "zone" if scope == "zones" else "root"
        told = self.rulesets.get((scope, phase)) or {"id": uuid.uuid4().hex, "kind": kind, "version": "0"}
        known = {one["id"] for one in told.get("rules", ())}
        made = {
            **told,
            "phase": phase,
            "name": body.get("name") or told.get("name") or "default",
            "description": body.get("description", told.get("description", "")),
            "version": str(int(told["version"]) + 1),
            "last_updated": "2026-01-01T00:00:00Z",
            "rules": [self._rule(one, known) for one in body["rules"]],
        }
        self.rulesets[scope, phase] = made
        return made

    def _put_custom(self, scope: str, id: str, body: Told) -> Told:
        told = self.custom.get(id) or {"id": uuid.uuid4().hex, "scope": scope, "version": "0"}
        known = {one["id"] for one in told.get("rules", ())}
        made = {**told, **body, "rules": [self._rule(one, known) for one in body["rules"]]}
        self.custom[made["id"]] = made
        return made

    def _rule(self, said: Told, known: set[str]) -> Told:
        require(said.keys() <= RULE and {"action", "expression"} <= said.keys(), 400, 20026, "no such rule")
        require(said.get("id") in {None, *known}, 400, 20019, "no rule of that id")
        for name in re.findall(r"\$(\w+)", said["expression"]):
            require(self.named(name), 400, 20127, f"no list {name}")
        executed = said.get("action_parameters", {}).get("id")
        require(executed in (None, MANAGED["id"], *self.custom), 400, 20116, "no such ruleset")
        redirects = said.get("action_parameters", {}).get("from_list")
        require(redirects is None or self.named(redirects["name"]), 400, 20127, "no such list")
        id = said.get("id") or uuid.uuid4().hex
        return {"enabled": True, "ref": id, **said, "id": id, "version": "1", "last_updated": "then"}

    def _is_used(self, name: str) -> bool:
        rules = [rule for told in self._all_rules() for rule in told]
        return any(
            f"${name}" in rule["expression"]
            or rule.get("action_parameters", {}).get("from_list", {}).get("name") == name
            for rule in rules
        )

    def _all_rules(self) -> list[list[Told]]:
        return [told["rules"] for told in (*self.rulesets.values(), *self.custom.values())]

    def _state(self, rule: Told) -> Told:
        """Without what is made up, and what is executed by its name."""
        own = {} if rule["ref"] == rule["id"] else {"ref": rule["ref"]}
        kept = {k: v for k, v in rule.items() if k not in ("id", "version", "last_updated", "ref")} | own
        executed = self.custom.get(kept.get("action_parameters", {}).get("id", ""))
        if executed:
            kept["action_parameters"] = {**kept["action_parameters"], "id": executed["name"]}
        return kept

    # Rules of the firewall

    def _guards(
        self, method: str, kind: str, scope: str, words: list[str], query: Mapping[str, str], body: Any
    ) -> Told:
        there = self.guards.setdefault((kind, scope), [])
        if not words:
            if method == "POST":
                return {"result": self._put_guard(kind, scope, None, body)}
            require(int(query["per_page"]) in (1, *range(5, 101, 5)), 400, 10001, "per_page?")
            inherited = self.guards.get((kind, "accounts"), []) if scope == "zones" else []
            found = [*there, *({**one, "scope": {"type": "organization"}} for one in inherited)]
            at = (int(query["page"]) - 1) * self.page
            pages = -(-len(found) // self.page)
            return {"result": found[at : at + self.page], "result_info": {"total_pages": pages}}
        known = [one for one in there if one["id"] == words[0]]
        require(known, 404, 10001, "no such rule")
        if method == "DELETE":
            there.remove(known[0])
        elif method != "GET":
            require(method == ("PATCH" if kind == "access_rules" else "PUT"), 405, 10405, "not allowed")
            return {"result": self._put_guard(kind, scope, known[0], body)}
        return {"result": known[0]}

    def _put_guard(self, kind: str, scope: str, there: Told | None, said: Told) -> Told:
        parts, unique = GUARDS[kind]
        require(said.keys() <= parts and set(unique) <= said.keys(), 400, 10001, "what is that?")
        rules = self.guards.setdefault((kind, scope), [])
        same = [one for one in rules if one is not there and all(one[part] == said[part] for part in unique)]
        require(not same, 400, 10009, "duplicate_of_existing")
        own = {"scope": {"type": "organization" if scope == "accounts" else "zone"}}
        first = {"paused": False, "description": ""} if kind != "access_rules" else {"notes": "", **own}
        made = {**(there or {"id": uuid.uuid4().hex, "created_on": "then", **first}), **said}
        rules[:] = [*(one for one in rules if one is not there), made]
        return made

    # Page rules

    def _page_rules(self, method: str, words: list[str], body: Any) -> Any:
        if method == "GET":
            count = len(self.page_rules)
            return [{**rule, "priority": count - number} for number, rule in enumerate(self.page_rules)]
        if method == "POST":
            return self._make_page_rule(body)
        found = [rule for rule in self.page_rules if rule["id"] == words[0]]
        require(found, 404, 1002, "Invalid Page Rule identifier")
        self.page_rules.remove(found[0])
        if method == "DELETE":
            return {"id": words[0]}
        if method == "PUT":
            require(
                {"targets", "actions", "priority", "status"} == body.keys(), 400, 1004, "what is missing?"
            )
        return self._insert({**found[0], **body})

    def _make_page_rule(self, body: Told) -> Told:
        require(len(self.page_rules) < self.limit, 400, 1004, "no more page rules in this plan")
        require(all(rule["targets"] != body["targets"] for rule in self.page_rules), 400, 1004, "already one")
        return self._insert({"id": uuid.uuid4().hex, "status": "disabled", **body})

    def _insert(self, rule: Told) -> Told:
        """By its number, which counts from the last one on."""
        at = len(self.page_rules) + 1 - min(rule.pop("priority", 1), len(self.page_rules) + 1)
        self.page_rules.insert(at, rule)
        return rule

    # Lists

    def _lists(self, method: str, words: list[str], query: Mapping[str, str], body: Any) -> Told:
        match method, words:
            case "GET", []:
                return {
                    "result": [{k: v for k, v in one.items() if k != "items"} for one in self.lists.values()]
                }
            case "POST", []:
                return {"result": self._make_list(body)}
            case "GET", ["bulk_operations", id]:
                require(self.operation.get("id") == id, 404, 10100, "no such operation")
                return {"result": {k: v for k, v in self.operation.items() if k in ("id", "status", "error")}}
        require(words[0] in self.lists, 404, 10100, "no such list")
        told = self.lists[words[0]]
        match method, words[1:]:
            case "GET", ["items"]:
                return self._page(told["items"], query)
            case "PUT", ["items"]:
                return {"result": {"operation_id": self._replace(told, body)}}
            case "PUT", []:
                require(body.keys() == {"description"}, 400, 10100, "only the description")
                told["description"] = body["description"]
                return {"result": told}
            case "DELETE", []:
                require(not self._is_used(told["name"]), 400, 10100, "the list is used by a rule")
                return {"result": {"id": self.lists.pop(words[0])["id"]}}
        raise Refused(404, 7003, "Could not route to this place")

    def _make_list(self, body: Told) -> Told:
        require(not self.named(body["name"]), 409, 10100, "there is one of that name")
        made = {"id": uuid.uuid4().hex, "num_items": 0, "created_on": "then", "description": "", **body}
        self.lists[made["id"]] = {**made, "items": []}
        return made

    def _replace(self, told: Told, items: list[Told]) -> str:
        require(self.operation.get("status") != "pending", 429, 10100, "an operation is pending")
        for one in items:
            require(one.keys() - {"comment"} == {told["kind"]}, 400, 10100, "items of another kind")
        self.operation = {
            "id": uuid.uuid4().hex,
            "status": "pending",
            "left": self.lag,
            "list": told,
            "items": items,
        }
        id: str = self.operation["id"]
        return id

    def _later(self) -> None:
        """Everything that is asked takes time, in which other things come to an end."""
        if self.operation.get("status") == "pending":
            self.operation["left"] -= 1
            if self.operation["left"] <= 0:
                self.operation["status"] = "completed"
                self.operation["list"]["items"] = [_item(one) for one in self.operation["items"]]

    def _page(self, found: list[Told], query: Mapping[str, str]) -> Told:
        at = int(query.get("cursor", 0))
        after = at + self.page
        cursors = {"after": str(after)} if after < len(found) else {}
        return {"result": found[at:after], "result_info": {"cursors": cursors}}


def _item(said: Told) -> Told:
    return {"id": uuid.uuid4().hex, "created_on": "then", "modified_on": "then", **said}


def _items(told: Told) -> list[str]:
    """Without what is made up; an empty comment is none."""
    made_up = {"id", "created_on", "modified_on"}
    kept = [{k: v for k, v in one.items() if k not in made_up and v != ""} for one in told["items"]]
    return sorted(json.dumps(one, sort_keys=True) for one in kept)


def _own(rule: Told) -> Told:
    """Without what is made up; in no order what has none."""
    kept = {k: v for k, v in rule.items() if k not in ("id", "created_on", "scope")}
    return {k: sorted(v, key=str) if isinstance(v, list) else v for k, v in kept.items()}


@contextmanager
def running() -> Iterator[Cloudflare]:
    service = Cloudflare()
    with serving(service.answer, service.faults) as url:
        service.url = url
        yield service
