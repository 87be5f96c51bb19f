"""What all of Cloudflare's API has in common: where it is, lists, and which zone a name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

from snapstore.errors import SnapError
from snapstore.remote.web import Api, api
from snapstore.secrets import REDACTOR

HERE = "https://api.cloudflare.com/client/v4"
_ID = re.compile(r"[0-9a-f]{32}")
Told = Mapping[str, Any]


def opened(key: str, server: str, resource: str, timeout: float, page: str) -> AbstractContextManager[Api]:
    """The API, with a token; ``server`` is another URL of it, or "". ``page`` has what that has to allow."""
    REDACTOR.add(key)
    return api(server or HERE, {"Authorization": f"Bearer {key}"}, resource, timeout, page)


def is_id(text: str) -> bool:
    """Whether that is an id, as everything has one, and no name."""
    return _ID.fullmatch(text) is not None


def listed(made: Api, path: str, size: int) -> Iterator[Told]:
    """All that a list has which is told in numbered pages of this size, or a smaller one."""
    page, pages = 1, 1
    while page <= pages:
        answer = made.call("GET", f"{path}?{urlencode({'page': page, 'per_page': size})}")
        yield from answer["result"] or ()
        pages = (answer.get("result_info") or {}).get("total_pages", 1)
        page += 1


def followed(made: Api, path: str, size: int) -> Iterator[Told]:
    """All that a list has of which each page tells how to ask for the next one."""
    query: dict[str, Any] = {"per_page": size}
    while query:
        answer = made.call("GET", f"{path}?{urlencode(query)}")
        yield from answer["result"] or ()
        after = ((answer.get("result_info") or {}).get("cursors") or {}).get("after")
        query = {"per_page": size, "cursor": after} if after else {}


def zone_of(made: Api, text: str, name: str, where: str, page: str) -> Told:
    """The zone of an id (``text``), or of a ``name``. SnapError where that stands for none or for several."""
    if is_id(text):
        told: Told = made.call("GET", f"/zones/{text}")["result"]
        return told
    asked = made.call("GET", f"/zones?{urlencode({'name': name})}")["result"]
    found: list[Told] = [one for one in asked if one["name"] == name]
    if len(found) == 1:
        return found[0]
    ids = ", ".join(one["id"] for one in found)
    raise SnapError(
        f"the token sees several zones {name}: {ids}" if found else f"the token sees no zone {name}",
        where=where,
        fix="name the zone by its id" if found else f"see {page} for what a token has to allow",
    )
