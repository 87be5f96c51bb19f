"""What a version of a service is made of, read with as many requests at a time as are good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from snapstore.model import Json
from snapstore.remote.abreast import answers
from snapstore.remote.retrying import Lost
from snapstore.remote.web import Api, RefusedError
from snapstore_cdn.fastly.holders import Holder, holder, is_dynamic
from snapstore_cdn.fastly.kinds import (
    ACL,
    ALONE,
    BACKENDS,
    DICTIONARY,
    IMAGE_DEFAULTS,
    IMAGES,
    KINDS,
    LINK,
    POOL,
    PRODUCTS,
    SETTINGS,
    SNIPPET,
    VOLATILE,
)

_HOLDING = (DICTIONARY, ACL, POOL, SNIPPET)
"""In the order in which they are filled: texts may refer to tables."""
_EACH = (SETTINGS, "domain")
"""What every service has."""
_NOT_THERE = 404
_UNKNOWN = frozenset({400, _NOT_THERE})
"""What is said of parts that services of a kind cannot have, or that Fastly has no more."""
_PAID = {*PRODUCTS, *ALONE}
_UNPAID = _UNKNOWN | {403}
"""What is said of products that a service does not have."""
Content = dict[str, dict[str, Json]]
"""What a version is made of, by the identity of the fact."""
_Told = Mapping[str, Any]
"""What the API tells, by kind."""


class Version(msgspec.Struct, frozen=True):
    """A version and its holders, by their identities, the ``stores`` that it has links to, and the kinds of
    which all there is was ``told``."""

    number: int
    content: Content
    holders: dict[str, Holder]
    stores: Sequence[str] = ()
    told: Sequence[str] = ()


def version(api: Api, service: str, number: int, lost: Lost) -> Version:
    told = _told(api, service, number, {SETTINGS: SETTINGS, **KINDS, **PRODUCTS, **ALONE}, lost)
    content = {
        f"{kind}:{service}/{one['name']}": _part(kind, one)
        for kind in (*KINDS, *PRODUCTS)
        for one in told[kind] or ()
    }
    for kind in (SETTINGS, *ALONE):
        if told[kind] and not (kind == IMAGES and _plain(told[kind]) == IMAGE_DEFAULTS):
            content[f"{kind}:{service}"] = _plain(told[kind])
    stores = [f"{one['resource_type']} {one['name']}" for one in told[LINK] or ()]
    known = [kind for kind, answer in told.items() if answer is not None]
    return Version(number, content, _holders(service, number, told), stores, known)


def holders(api: Api, service: str, number: int, lost: Lost) -> dict[str, Holder]:
    """Those of a version, by their identities."""
    return _holders(service, number, _told(api, service, number, {kind: kind for kind in _HOLDING}, lost))


def _told(api: Api, service: str, number: int, paths: Mapping[str, str], lost: Lost) -> _Told:
    """What there is of each kind, None of what this service cannot have, or nobody is told of."""

    def answer(kind: str) -> Any:
        try:
            return api.call("GET", f"/service/{service}/version/{number}/{paths[kind]}")
        except RefusedError as error:
            if error.status not in (_UNPAID if kind in _PAID else () if kind in _EACH else _UNKNOWN):
                raise
            return {} if kind in ALONE and error.status == _NOT_THERE else None

    return dict(zip(paths, answers(answer, paths, lost), strict=True))


def _holders(service: str, number: int, told: _Told) -> dict[str, Holder]:
    return {
        found.part: found
        for kind in _HOLDING
        for one in told[kind] or ()
        if (found := holder(service, number, kind, one))
    }


def _part(kind: str, told: Mapping[str, Any]) -> dict[str, Json]:
    found = _plain(told)
    if kind == SNIPPET and is_dynamic(found):
        found.pop("content", None)
    return found


def _plain(told: Mapping[str, Any]) -> dict[str, Json]:
    """Without what is not said, which is the same as its default."""
    found = {name: value for name, value in told.items() if name not in VOLATILE and value is not None}
    backends = sorted(found.pop(BACKENDS, ()))
    return {**found, BACKENDS: backends} if backends else found
