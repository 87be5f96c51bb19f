"""A new version of a service, made from another one and what differs from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from snapstore.remote.abreast import answers
from snapstore.remote.retrying import Lost
from snapstore.remote.web import Api
from snapstore_cdn.fastly.holders import Wanted, is_dynamic
from snapstore_cdn.fastly.kinds import (
    ALONE,
    BACKENDS,
    BY_ID,
    CONTENT,
    DICTIONARY,
    DIRECTOR,
    HTTP3,
    IMAGE_DEFAULTS,
    IMAGES,
    KINDS,
    ORDER,
    PRODUCTS,
    SETTINGS,
    SNIPPET,
)
from snapstore_cdn.fastly.versions import Content, Version, holders
from snapstore_cdn.provider import Change


def drafted(api: Api, service: str, base: Version, content: Content, holding: Wanted, lost: Lost) -> Version:
    """The draft and its holders, empty but for the texts of dynamic snippets, which are made with them."""
    made = int(api.call("PUT", f"/service/{service}/version/{base.number}/clone")["number"])
    place = f"/service/{service}/version/{made}"
    changes = [Change(name, base.content.get(name), content.get(name)) for name in base.content | content]
    due = [one for one in changes if one.before != one.after]
    ids = _ids(api, place, due, lost)
    gone = sorted((one for one in due if one.after is None), key=_turn, reverse=True)
    for change in (*sorted((one for one in due if one.after is not None), key=_turn), *gone):
        _put(api, place, change, holding, ids)
    return Version(made, {}, holders(api, service, made, lost))


def _ids(api: Api, place: str, changes: Sequence[Change], lost: Lost) -> Mapping[str, str]:
    """What is changed by its id has its own in each version."""
    kinds = sorted({one.kind for one in changes if one.before is not None} & BY_ID.keys())
    told = answers(lambda kind: api.call("GET", f"{place}/{PRODUCTS[kind]}"), kinds, lost)
    return {
        f"{kind}/{one['name']}": one["id"] for kind, some in zip(kinds, told, strict=True) for one in some
    }


def _put(api: Api, place: str, change: Change, holding: Wanted, ids: Mapping[str, str]) -> None:
    if change.kind == SETTINGS:
        api.call("PUT", f"{place}/{SETTINGS}", change.after)
    elif change.kind == IMAGES:
        api.call("PATCH", f"{place}/{ALONE[IMAGES]}", change.after or IMAGE_DEFAULTS)
    elif change.kind == HTTP3:
        if change.before is not None:
            api.call("DELETE", f"{place}/{HTTP3}")
        if change.after is not None:
            api.call("POST", f"{place}/{HTTP3}", change.after)
    else:
        _put_named(api, place, change, holding, ids)


def _put_named(api: Api, place: str, change: Change, holding: Wanted, ids: Mapping[str, str]) -> None:
    path = f"{place}/{(KINDS | PRODUCTS)[change.kind]}"
    name = change.name.partition("/")[2]
    there = f"{path}/{quote(name, safe='')}"
    if change.kind in BY_ID and change.before is not None:
        there = f"{BY_ID[change.kind].format(place=place)}/{quote(ids[f'{change.kind}/{name}'], safe='')}"
    before, after = change.before, change.after
    if after is None or (before and _is_remade(change)):
        api.call("DELETE", there)
        before = None
    if after is None:
        return
    said = {**dict.fromkeys(before or ()), **after}
    if change.kind == SNIPPET and is_dynamic(after) and not before:
        said |= holding.get(f"{CONTENT}:{change.name}") or {}
    if change.kind == DIRECTOR:
        said.pop(BACKENDS, None)
    api.call(*(("PUT", there) if before else ("POST", path)), said)
    if change.kind == DIRECTOR:
        _direct(api, f"{there}/backend", (before or {}).get(BACKENDS, ()), after.get(BACKENDS, ()))


def _direct(api: Api, path: str, before: Sequence[str], after: Sequence[str]) -> None:
    for name in sorted(set(after) - set(before)):
        api.call("POST", f"{path}/{quote(name, safe='')}")
    for name in sorted(set(before) - set(after)):
        api.call("DELETE", f"{path}/{quote(name, safe='')}")


def _is_remade(change: Change) -> bool:
    """A snippet stays what it is made as, text of a version or a holder of one, and a dictionary private."""
    before, after = change.before or {}, change.after or {}
    if change.kind == SNIPPET:
        return is_dynamic(before) != is_dynamic(after)
    return change.kind == DICTIONARY and bool(before.get("write_only")) != bool(after.get("write_only"))


def _turn(change: Change) -> int:
    return ORDER[change.kind]
