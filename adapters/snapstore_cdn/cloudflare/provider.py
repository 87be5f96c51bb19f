"""Zones, and what they use of their account: each fact is written by itself, when it is still what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Document, Fact, Json
from snapstore.remote import cloudflare
from snapstore.remote.retrying import surely
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare import firewall, lists, page_rules, rulesets, transforms, zone_settings
from snapstore_cdn.cloudflare.executing import CUSTOMS
from snapstore_cdn.cloudflare.kinds import (
    ACCESS,
    ACCOUNT,
    AGENT,
    CUSTOM,
    LIST,
    LOCKDOWN,
    OF_ACCOUNT,
    OF_ZONES,
    PAGE_RULE,
    PAGE_RULES,
    RULESET,
    SETTING,
    TRANSFORM,
    Place,
)
from snapstore_cdn.cloudflare.planning import READ_ONLY
from snapstore_cdn.provider import Change, Provider, Seen, require_named
from snapstore_cdn.purge import EVERYTHING, TAG, Purge
from snapstore_cdn.settings import Settings

PAGE = "docs/adapters/cdn-cloudflare.md"


@contextmanager
def opened(settings: Settings, context: Context) -> Iterator[Provider]:
    require_named(settings.zones, "zone", 'zones = ["example.com"]', context)
    with cloudflare.opened(settings.key, settings.server, context.resource, settings.timeout, PAGE) as made:
        yield _Cloudflare(made, settings, context.resource)


class _Cloudflare:
    """The zones of the settings, and the account where it is named."""

    def __init__(self, made: Api, settings: Settings, resource: str) -> None:
        self._api = made
        self._settings = settings
        self._resource = resource
        self._zones: dict[str, Place] = {}
        self._ids: dict[str, str] = {}
        self._named: dict[str, str] = {}

    # Reading

    def read(self) -> Seen:
        self._ids, self._named = {}, {}
        account, known = self._of_account()
        documents = [Document(f"{ACCOUNT}.json", tuple(account))] if account else []
        read_only: list[str] = []
        for zone in self._places().values():
            facts = [*self._settings_of(zone, read_only), *self._rules_of(zone, known)]
            facts += self._guards_of(zone, (ACCESS, LOCKDOWN, AGENT))
            documents.append(Document(f"{zone.name}.json", tuple(facts)))
        return Seen(documents, hints={READ_ONLY: read_only, CUSTOMS: self._named}, asked=list(self._asked()))

    def _asked(self) -> Iterator[str]:
        account = [ACCOUNT] if self._settings.account else []
        places = {**dict.fromkeys(account, OF_ACCOUNT), **dict.fromkeys(self._places(), OF_ZONES)}
        for place, kinds in places.items():
            wanted = [kind for kind in kinds if self._wants(f"{kind}:{place}/")]
            yield from (f"{kind}:{place}" for kind in wanted)
            yield from (f"{PAGE_RULES}:{place}" for kind in wanted if kind == PAGE_RULE)
        yield from (f"{LIST}:" for _ in account if self._wants(f"{LIST}:"))

    def _of_account(self) -> tuple[list[Fact], rulesets.Known]:
        """What is captured of it, and what of that rules may stand on."""
        if not self._settings.account:
            return [], rulesets.Known([], {})
        place = self._account()
        facts = list(lists.read(self._api, place)) if self._wants(f"{LIST}:") else []
        names = [fact.name for fact in facts if self._wants(fact.id)]
        rules, known = self._rulesets_of(place, rulesets.Known(names, {}))
        return [*facts, *rules, *self._guards_of(place, (ACCESS,))], known

    def _rulesets_of(self, place: Place, known: rulesets.Known) -> tuple[list[Fact], rulesets.Known]:
        """Rulesets that are wanted, and what is known with the custom ones among them."""
        if not (self._wants(f"{RULESET}:{place.name}/") or self._wants(f"{CUSTOM}:{place.name}/")):
            return [], known
        told = [one for one in rulesets.heads(self._api, place) if one["id"] not in known.customs]
        known = known._replace(customs={**known.customs, **self._customs(place, told)})
        self._named |= known.customs
        return list(rulesets.read(self._api, place, told, known)), known

    def _customs(self, place: Place, told: Sequence[Mapping[str, Json]]) -> dict[str, str]:
        found = rulesets.customs(place, told)
        return {id: name for id, name in found.items() if self._wants(f"{CUSTOM}:{name}")}

    def _settings_of(self, zone: Place, read_only: list[str]) -> Iterator[Fact]:
        if self._wants(f"{SETTING}:{zone.name}/"):
            for fact, is_editable in zone_settings.read(self._api, zone, self._wants):
                read_only += [] if is_editable else [fact.id]
                yield fact

    def _guards_of(self, place: Place, kinds: Sequence[str]) -> Iterator[Fact]:
        both = bool(self._settings.account) and self._wants(f"{ACCESS}:{ACCOUNT}/")
        for kind in kinds:
            if self._wants(f"{kind}:{place.name}/"):
                yield from firewall.read(self._api, place, kind, self._ids, with_account=both)

    def _rules_of(self, zone: Place, known: rulesets.Known) -> Iterator[Fact]:
        yield from self._rulesets_of(zone, known)[0]
        if self._wants(f"{TRANSFORM}:{zone.name}/"):
            yield from transforms.read(self._api, zone, self._wants)
        if self._wants(f"{PAGE_RULE}:{zone.name}/"):
            yield from page_rules.read(self._api, zone)

    def _wants(self, identity: str) -> bool:
        """What is left out is not even asked for: nobody has to allow it."""
        return not any(fnmatchcase(identity, pattern) for pattern in self._settings.exclude)

    # Writing

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        """One by one, but for page rules: their order changes with each that comes or goes."""
        pages = [one for one in changes if one.kind in (PAGE_RULE, PAGE_RULES)]
        yield from ([one] for one in changes if one.kind not in (PAGE_RULE, PAGE_RULES))
        for zone in sorted({_zone_of(one) for one in pages}):
            yield [one for one in pages if _zone_of(one) == zone]

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        change = changes[0]
        if change.kind == LIST:
            waiting = lists.Waiting(self._settings.settle_within, self._resource)
            lists.write(self._api, self._account(), change, waiting, begun)
        elif change.kind == SETTING:
            zone_settings.write(self._api, self._place(change), change, begun)
        elif change.kind == TRANSFORM:
            transforms.write(self._api, self._place(change), change, begun)
        elif change.kind in (RULESET, CUSTOM):
            self._write_rules(self._place(change), change, begun)
        elif change.kind in (ACCESS, LOCKDOWN, AGENT):
            firewall.write(self._api, self._place(change), change, self._ids, begun)
        else:
            page_rules.write(self._api, self._place(change), changes, begun)

    def _write_rules(self, place: Place, change: Change, begun: Callable[[], None]) -> None:
        """With the ids that custom rulesets have by now."""
        places = [place, self._account()] if self._settings.account else [place]
        asked = [one for one in places if self._wants(f"{CUSTOM}:{one.name}/")]
        told = [(one, rulesets.heads(self._api, one)) for one in asked]
        customs = {id: name for one in told for id, name in self._customs(*one).items()}
        rulesets.write(self._api, place, change, customs, begun)

    def _place(self, change: Change) -> Place:
        name = _zone_of(change)
        place = self._account() if name == ACCOUNT else self._places().get(name)
        if place is None:
            fix = "name the zone in the settings of this resource"
            raise SnapError(f"{change.id} is of another zone", where=self._resource, fix=fix)
        return place

    # Which zones

    def _account(self) -> Place:
        return Place(ACCOUNT, f"/accounts/{self._settings.account}")

    def _places(self) -> Mapping[str, Place]:
        if not self._zones:
            told = [surely(partial(self._look_up, text), self._api.lost) for text in self._settings.zones]
            self._zones = {one["name"]: Place(one["name"], f"/zones/{one['id']}") for one in told}
            for text in self._settings.purge:
                host = text.partition("/")[0]
                if "/" in text and not text.startswith(f"{TAG}:"):
                    self._zone_with(host)
        return self._zones

    def _look_up(self, text: str) -> Mapping[str, Json]:
        name = text.lower().rstrip(".").encode("idna").decode()
        return cloudflare.zone_of(self._api, text, name, f"resources.{self._resource}.zones", PAGE)

    def _zone_with(self, host: str) -> Place:
        """The zone that a host is in."""
        fitting = [zone for zone in self._zones.values() if f".{host}".endswith(f".{zone.name}")]
        if not fitting:
            raise SnapError(
                f"{host} is in none of the zones of this resource",
                where=f"resources.{self._resource}.purge",
                fix="name its zone in zones, or take it out of purge",
            )
        return max(fitting, key=lambda zone: len(zone.name))

    # Waiting and purging

    def settle(self, report: Callable[[str], None]) -> None:
        """It is everywhere within seconds, and nothing tells when."""

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        zones = self._places()
        if purge.host:
            zones = {"": self._zone_with(purge.host)}
        for zone in zones.values():
            self._api.call("POST", f"{zone.path}/purge_cache", _purged(purge))

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)


def _zone_of(change: Change) -> str:
    return change.name.partition("/")[0]


def _purged(purge: Purge) -> dict[str, Json]:
    """What the API is asked for: whole hosts, what begins the same, or single files, with TLS and without."""
    if purge.what == EVERYTHING:
        return {"purge_everything": True}
    if purge.what == TAG:
        return {"tags": [purge.name]}
    if purge.name == "/*":
        return {"hosts": [purge.host]}
    if purge.name.endswith("*"):
        return {"prefixes": [f"{purge.host}{purge.name[:-1]}"]}
    return {"files": [f"{scheme}://{purge.host}{purge.name}" for scheme in ("https", "http")]}
