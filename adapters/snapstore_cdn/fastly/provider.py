"""Services: their active version, which changes as a whole or not at all, and what no version holds.

A version that was active is locked for good. So the way back is to activate the one that was captured, where
it is still what it was; else one is made from the active version, with what differs, and activated when
Fastly finds it valid. What dictionaries, ACLs and dynamic snippets hold is written where it is: see
``holders``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from urllib.parse import quote

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Document, Fact, Notice
from snapstore.remote.abreast import answers
from snapstore.remote.lost import MovedError
from snapstore.remote.web import Api, api
from snapstore.secrets import REDACTOR
from snapstore_cdn.between import are_between, each_of
from snapstore_cdn.fastly.drafts import drafted
from snapstore_cdn.fastly.holders import HOLDING, Held, Holder, Wanted, held, holder_of, write
from snapstore_cdn.fastly.kinds import HELD, NUMBERS, PACKAGE
from snapstore_cdn.fastly.versions import Content, Version, version
from snapstore_cdn.provider import Attrs, Change, Provider, Seen, require_named
from snapstore_cdn.purge import EVERYTHING, PATH, Purge
from snapstore_cdn.settings import Settings

PAGE = "docs/adapters/cdn-fastly.md"
HERE = "https://api.fastly.com"
_OF_URLS = "/?&=%:;,@+~!$'()*"
"""What means something in an address: a query belongs to it, and what is quoted is so already."""


@contextmanager
def opened(settings: Settings, context: Context) -> Iterator[Provider]:
    require_named(settings.ids, "service", 'ids = ["SU1Z0isxPaozGVKXdv0eY"]', context)
    REDACTOR.add(settings.key)
    headers = {"Fastly-Key": settings.key, "Accept": "application/json"}
    with api(settings.server or HERE, headers, context.resource, settings.timeout, PAGE) as made:
        yield _Fastly(made, settings.ids, context.resource)


class _Fastly:
    """The services of the settings."""

    def __init__(self, made: Api, ids: Sequence[str], resource: str) -> None:
        self._api = made
        self._ids = sorted(set(ids))
        self._resource = resource

    # Reading

    def read(self) -> Seen:
        documents, notices, versions, numbers, asked = [], [], {}, {}, []
        for service in self._ids:
            active = version(self._api, service, self._active(service), self.lost)
            content = active.content | self._all_held(active)
            documents.append(Document(f"{service}.json", tuple(_facts(content))))
            notices += [
                Notice(f"{service}: {store}", "what it holds is not captured") for store in active.stores
            ]
            asked += [f"{kind}:{service}" for kind in _kinds(active.told)]
            versions.update(dict.fromkeys((service, *active.content), str(active.number)))
            if f"{PACKAGE}:{service}" in active.content:
                numbers[service] = self._numbers(service)
        return Seen(documents, notices, {NUMBERS: numbers} if numbers else {}, versions, asked)

    def _active(self, service: str) -> int:
        versions = self._api.call("GET", f"/service/{service}/version")
        number = next((one["number"] for one in versions if one["active"]), None)
        if number is None:
            raise SnapError(
                f"the service {service} has no active version",
                where=self._resource,
                fix="activate one: there is nothing to capture before",
            )
        return int(number)

    def _held(self, holders: Sequence[Holder]) -> list[Held]:
        return answers(lambda one: held(self._api, one), holders, self.lost)

    def _all_held(self, one: Version) -> Content:
        found = self._held(list(one.holders.values()))
        return {identity: attrs for each in found for identity, attrs in each.facts.items()}

    # Writing

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        by_service = sorted(changes, key=lambda change: _service_of(change.id))
        for _, some in groupby(by_service, key=lambda change: _service_of(change.id)):
            yield list(some)

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        """What a draft alone has is filled unseen. Of what is shared with the active version, that comes and
        changes before the activation which may refer to it, and goes after it."""
        service = _service_of(changes[0].id)
        now = version(self._api, service, self._active(service), self.lost)
        held_ones = [change for change in changes if change.kind in HELD]
        wanted = {change.id: change.after for change in held_ones}
        before = {change.id: change.before for change in held_ones}
        parts = [one for one in changes if one.kind not in HELD and now.content.get(one.id) != one.after]
        if any(change.version not in (None, str(now.number)) for change in parts):
            raise MovedError(f"version {now.number} is active by now")
        self._require_holders(now, held_ones, {one.id for one in parts if one.after is not None})
        then = self._next(service, now, parts, wanted) if parts else now
        if self._active(service) != now.number:
            raise MovedError("another version became active meanwhile")
        begun()
        shared = [one for one in then.holders.values() if one.id in _ids(now)]
        if then is not now:
            self._fill(shared, wanted, before, removes=False)
            self._api.call("PUT", f"/service/{service}/version/{then.number}/activate")
        self._fill(shared, wanted, before, removes=True)

    def _fill(self, holders: Sequence[Holder], wanted: Wanted, before: Wanted, *, removes: bool) -> None:
        """``before`` is what may be there: MovedError where it is something else."""
        for one, its in _of_each(holders, wanted):
            if its:
                there = held(self._api, one)
                if not all(_is_ours(there.facts.get(name), before.get(name), its[name]) for name in its):
                    raise MovedError(f"somebody else has changed what {one.name} holds")
                write(self._api, one, there, its, removes=removes)

    def _require_holders(self, now: Version, changes: Sequence[Change], coming: Collection[str]) -> None:
        """What is to hold something has to be there, or come with the same changes."""
        for change in changes:
            place = holder_of(change.id)
            if change.after is not None and place not in now.holders and place not in coming:
                raise SnapError(
                    f"{place} is not there, and not part of this restore: nothing can hold {change.id}",
                    where=self._resource,
                    fix=f"restore it too: --only '{self._resource}:{place}'",
                )

    def _next(self, service: str, now: Version, changes: Sequence[Change], wanted: Wanted) -> Version:
        """The version to activate, holding what is wanted where only it does."""
        content = dict(now.content)
        for change in changes:
            content.pop(change.id, None)
            if change.after is not None:
                content[change.id] = dict(change.after)
        both = {**self._all_held(now), **wanted}
        holding = {name: attrs for name, attrs in both.items() if attrs is not None}
        earlier = self._earlier(service, changes)
        for one in earlier:
            if one.content == content and self._holds(_unshared(one, now), holding):
                return one
        return self._built(service, self._base(service, now, earlier, content), now, content, holding)

    def _earlier(self, service: str, changes: Sequence[Change]) -> list[Version]:
        """The version that was captured, where it is still there."""
        numbers = {int(change.earlier) for change in changes if change.earlier}
        return [
            version(self._api, service, number, self.lost)
            for number in sorted(numbers & set(self._numbers(service)))
        ]

    def _numbers(self, service: str) -> list[int]:
        return [one["number"] for one in self._api.call("GET", f"/service/{service}/version")]

    def _base(self, service: str, now: Version, earlier: Sequence[Version], content: Content) -> Version:
        """What the draft is made from: a package comes only with a version that has it."""
        name = f"{PACKAGE}:{service}"
        for one in (now, *earlier):
            if one.content.get(name) == content.get(name):
                return one
        raise SnapError(
            f"no version of {service} has that package any more, and Fastly gives packages to nobody",
            where=self._resource,
            fix=f'deploy it yourself, or leave it out of resources.{self._resource}: exclude = ["{name}"]',
        )

    def _holds(self, holders: Sequence[Holder], wanted: Wanted) -> bool:
        """Whether they hold that and nothing else, as far as anybody is told."""
        told = [one for one in holders if not one.is_private]
        facts = {name: attrs for one in self._held(told) for name, attrs in one.facts.items()}
        return facts == {name: attrs for _, its in _of_each(told, wanted) for name, attrs in its.items()}

    def _built(self, service: str, base: Version, now: Version, content: Content, holding: Wanted) -> Version:
        draft = drafted(self._api, service, base, content, holding, self.lost)
        unseen = _unshared(draft, now)
        there = {name: attrs for one in self._held(unseen) for name, attrs in one.facts.items()}
        self._fill(unseen, {**dict.fromkeys(there), **holding}, there, removes=True)
        said = self._api.call("GET", f"/service/{service}/version/{draft.number}/validate")
        if said.get("status") != "ok":
            raise SnapError(
                f"Fastly does not find version {draft.number} of {service} valid: {said.get('msg')}",
                where=self._resource,
                fix="nothing was activated; look at that version, which stays as a draft",
            )
        return draft

    # Waiting and purging

    def settle(self, report: Callable[[str], None]) -> None:
        """It is everywhere within seconds, and nothing tells when."""

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        if purge.what == PATH:
            self._api.call("POST", f"/purge/{purge.host}{quote(purge.name, safe=_OF_URLS)}")
            return
        for service in self._ids:
            end = "purge_all" if purge.what == EVERYTHING else f"purge/{quote(purge.name, safe='')}"
            self._api.call("POST", f"/service/{service}/{end}")

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)


def _facts(content: Content) -> Iterator[Fact]:
    for identity, attrs in content.items():
        is_held = identity.partition(":")[0] in HELD
        yield Fact(identity, attrs, needs=(holder_of(identity),) if is_held else ())


def _kinds(told: Collection[str]) -> Iterator[str]:
    """With what those kinds hold."""
    yield from told
    yield from (kind for kind, holder in HOLDING.items() if holder in told)


def _is_ours(now: Attrs | None, before: Attrs | None, after: Attrs | None) -> bool:
    return are_between(each_of(now), each_of(before), each_of(after))


def _ids(of: Version) -> set[str]:
    return {one.id for one in of.holders.values()}


def _unshared(then: Version, now: Version) -> list[Holder]:
    return [one for one in then.holders.values() if one.id not in _ids(now)]


def _of_each(holders: Sequence[Holder], wanted: Wanted) -> Iterator[tuple[Holder, Wanted]]:
    """What is wanted of each."""
    for one in holders:
        yield one, {name: attrs for name, attrs in wanted.items() if holder_of(name) == one.part}


def _service_of(identity: str) -> str:
    return identity.partition(":")[2].partition("/")[0]
