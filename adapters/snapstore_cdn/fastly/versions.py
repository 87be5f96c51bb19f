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
    BACKENDS,
    BESIDE,
    DICTIONARY,
    HTTP3,
    KINDS,
    SETTINGS,
    SNIPPET,
    VOLATILE,
)

_HOLDING = (DICTIONARY, ACL, SNIPPET)
"""In the order in which they are filled: texts may refer to tables."""
_ABSENT = frozenset({400, 403, 404})
"""What is said of products that a service does not have."""
Content = dict[str, dict[str, Json]]
"""What a version is made of, by the identity of the fact."""
_Told = Mapping[str, Sequence[Mapping[str, Any]]]
"""What the API tells, by kind."""


class Version(msgspec.Struct, frozen=True):
    """A version and its holders, by their identities; what it has ``beside`` them is not captured."""

    number: int
    content: Content
    holders: dict[str, Holder]
    beside: Sequence[str] = ()


def version(api: Api, service: str, number: int, lost: Lost) -> Version:
    settings, *others = _told(api, service, number, [SETTINGS, *KINDS.values()], lost)
    told = dict(zip(KINDS, others, strict=True))
    content = {
        f"{kind}:{service}/{one['name']}": _part(kind, one) for kind, some in told.items() for one in some
    }
    content[f"{SETTINGS}:{service}"] = _plain(settings)
    http3, *besides = _asked(api, service, number, [HTTP3, *BESIDE], lost)
    if http3:
        content[f"{HTTP3}:{service}"] = _plain(http3)
    beside = [text for text, found in zip(BESIDE.values(), besides, strict=True) if found]
    return Version(number, content, _holders(service, number, told), beside)


def holders(api: Api, service: str, number: int, lost: Lost) -> dict[str, Holder]:
    """Those of a version, by their identities."""
    found = _told(api, service, number, [KINDS[kind] for kind in _HOLDING], lost)
    return _holders(service, number, dict(zip(_HOLDING, found, strict=True)))


def _told(api: Api, service: str, number: int, paths: Sequence[str], lost: Lost) -> list[Any]:
    place = f"/service/{service}/version/{number}"
    return answers(lambda path: api.call("GET", f"{place}/{path}"), paths, lost)


def _asked(api: Api, service: str, number: int, paths: Sequence[str], lost: Lost) -> list[Any]:
    """The same of what only some services have, None of what this one has not."""
    place = f"/service/{service}/version/{number}"

    def answer(path: str) -> Any:
        try:
            return api.call("GET", f"{place}/{path}")
        except RefusedError as error:
            if error.status not in _ABSENT:
                raise
            return None

    return answers(answer, paths, lost)


def _holders(service: str, number: int, told: _Told) -> dict[str, Holder]:
    return {
        found.part: found
        for kind in _HOLDING
        for one in told.get(kind, ())
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
