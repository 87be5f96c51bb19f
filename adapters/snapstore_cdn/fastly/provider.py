"""Services: their active version, which changes as a whole or not at all.

A version that was active is locked for good. So the way back is to activate the one that was captured, where
it is still what it was; else one is made from the active version, with what differs, and activated when
Fastly finds it valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from urllib.parse import quote

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import UNMODELLED, Document, Fact, Json
from snapstore.remote.lost import MovedError
from snapstore.remote.web import Api, api
from snapstore.secrets import REDACTOR
from snapstore_cdn.fastly.kinds import BACKENDS, DIRECTOR, KINDS, ORDER, SETTINGS, VOLATILE
from snapstore_cdn.provider import Attrs, Change, Provider, Seen
from snapstore_cdn.purging import EVERYTHING, PATH, Purge
from snapstore_cdn.settings import Settings

PAGE = "docs/adapters/cdn-fastly.md"
HERE = "https://api.fastly.com"
Content = dict[str, dict[str, Json]]
"""What a version is made of, by the identity of the fact."""


@contextmanager
def opened(settings: Settings, context: Context) -> Iterator[Provider]:
    if not settings.ids:
        raise SnapError(
            "no service is named",
            where=f"resources.{context.resource}",
            fix='name them: ids = ["SU1Z0isxPaozGVKXdv0eY"]',
        )
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
        documents, versions = [], {}
        for service in self._ids:
            number = self._active(service)
            content = self._content(service, number)
            facts = [Fact(identity, attrs) for identity, attrs in content.items()]
            seen = [Fact(f"{UNMODELLED}:{text}") for text in sorted(_elsewhere(service, content))]
            documents.append(Document(f"{service}.json", (*facts, *seen)))
            versions.update(dict.fromkeys(content, str(number)))
            versions[service] = str(number)
        return Seen(documents, versions=versions)

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

    def _content(self, service: str, number: int) -> Content:
        place = f"/service/{service}/version/{number}"
        found = {f"{SETTINGS}:{service}": _plain(self._api.call("GET", f"{place}/{SETTINGS}"))}
        for kind, path in KINDS.items():
            for one in self._api.call("GET", f"{place}/{path}"):
                found[f"{kind}:{service}/{one['name']}"] = _plain(one)
        return found

    # Writing

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        by_service = sorted(changes, key=lambda change: _service_of(change.id))
        for _, some in groupby(by_service, key=lambda change: _service_of(change.id)):
            yield list(some)

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        service = _service_of(changes[0].id)
        number = self._active(service)
        if any(change.version not in (None, str(number)) for change in changes):
            raise MovedError(f"version {number} is active by now")
        wanted = self._content(service, number)
        for change in changes:
            if change.after is None:
                wanted.pop(change.id, None)
            else:
                wanted[change.id] = dict(change.after)
        version = self._earlier(service, changes, wanted) or self._built(service, number, changes)
        begun()
        self._api.call("PUT", f"/service/{service}/version/{version}/activate")

    def _earlier(self, service: str, changes: Sequence[Change], wanted: Content) -> int | None:
        """The version that was captured, where it is still there and just what is wanted."""
        numbers = {int(change.earlier) for change in changes if change.earlier}
        there = {one["number"] for one in self._api.call("GET", f"/service/{service}/version")}
        fitting = (number for number in sorted(numbers & there) if self._content(service, number) == wanted)
        return next(fitting, None)

    def _built(self, service: str, number: int, changes: Sequence[Change]) -> int:
        made = self._api.call("PUT", f"/service/{service}/version/{number}/clone")["number"]
        place = f"/service/{service}/version/{made}"
        gone = sorted((one for one in changes if one.after is None), key=_turn, reverse=True)
        for change in (*sorted((one for one in changes if one.after is not None), key=_turn), *gone):
            self._put(place, change)
        said = self._api.call("GET", f"{place}/validate")
        if said.get("status") != "ok":
            raise SnapError(
                f"Fastly does not find version {made} of {service} valid: {said.get('msg')}",
                where=self._resource,
                fix="nothing was activated; look at that version, which stays as a draft",
            )
        return int(made)

    def _put(self, place: str, change: Change) -> None:
        if change.kind == SETTINGS:
            self._api.call("PUT", f"{place}/{SETTINGS}", change.after)
            return
        path = f"{place}/{KINDS[change.kind]}"
        name = quote(change.name.partition("/")[2], safe="")
        if change.after is None:
            self._api.call("DELETE", f"{path}/{name}")
            return
        before, after = change.before or {}, change.after
        said = {**dict.fromkeys(before), **after}
        if change.kind == DIRECTOR:
            said.pop(BACKENDS, None)
        self._api.call(*(("PUT", f"{path}/{name}") if change.before else ("POST", path)), said)
        if change.kind == DIRECTOR:
            self._direct(f"{path}/{name}/backend", before.get(BACKENDS, ()), after.get(BACKENDS, ()))

    def _direct(self, path: str, before: Sequence[str], after: Sequence[str]) -> None:
        for name in sorted(set(after) - set(before)):
            self._api.call("POST", f"{path}/{quote(name, safe='')}")
        for name in sorted(set(before) - set(after)):
            self._api.call("DELETE", f"{path}/{quote(name, safe='')}")

    # Waiting and purging

    def settle(self, report: Callable[[str], None]) -> None:
        """It is everywhere within seconds, and nothing tells when."""

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        if purge.what == PATH:
            self._api.call("POST", f"/purge/{purge.host}{quote(purge.name)}")
            return
        for service in self._ids:
            end = "purge_all" if purge.what == EVERYTHING else f"purge/{quote(purge.name, safe='')}"
            self._api.call("POST", f"/service/{service}/{end}")

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)


def _plain(told: Mapping[str, Any]) -> dict[str, Json]:
    """Without what is not said, which is the same as its default."""
    found = {name: value for name, value in told.items() if name not in VOLATILE and value is not None}
    return {**found, BACKENDS: sorted(found[BACKENDS])} if BACKENDS in found else found


def _service_of(identity: str) -> str:
    return identity.partition(":")[2].partition("/")[0]


def _turn(change: Change) -> int:
    return ORDER[change.kind]


def _elsewhere(service: str, content: Mapping[str, Attrs]) -> Iterator[str]:
    """What has parts that no version holds."""
    for identity, attrs in content.items():
        kind, _, name = identity.partition(":")
        if kind == "dictionary":
            yield f"items of the dictionary {name}"
        elif kind == "acl":
            yield f"entries of the ACL {name}"
        elif kind == "snippet" and attrs.get("dynamic") in (1, "1"):
            yield f"content of the dynamic snippet {name}"
