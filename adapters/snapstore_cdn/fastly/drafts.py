"""A new version of a service, made from the active one and the changes that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from snapstore.remote.retrying import Lost
from snapstore.remote.web import Api
from snapstore_cdn.fastly.holders import Wanted, is_dynamic
from snapstore_cdn.fastly.kinds import (
    BACKENDS,
    CONTENT,
    DICTIONARY,
    DIRECTOR,
    HTTP3,
    KINDS,
    ORDER,
    SETTINGS,
    SNIPPET,
)
from snapstore_cdn.fastly.versions import Version, holders
from snapstore_cdn.provider import Change


def drafted(
    api: Api, service: str, now: Version, changes: Sequence[Change], holding: Wanted, lost: Lost
) -> Version:
    """The draft and its holders, empty but for the texts of dynamic snippets, which are made with them."""
    made = int(api.call("PUT", f"/service/{service}/version/{now.number}/clone")["number"])
    place = f"/service/{service}/version/{made}"
    gone = sorted((one for one in changes if one.after is None), key=_turn, reverse=True)
    for change in (*sorted((one for one in changes if one.after is not None), key=_turn), *gone):
        _put(api, place, change, holding)
    return Version(made, {}, holders(api, service, made, lost))


def _put(api: Api, place: str, change: Change, holding: Wanted) -> None:
    if change.kind == SETTINGS:
        api.call("PUT", f"{place}/{SETTINGS}", change.after)
        return
    if change.kind == HTTP3:
        if change.before is not None:
            api.call("DELETE", f"{place}/{HTTP3}")
        if change.after is not None:
            api.call("POST", f"{place}/{HTTP3}", change.after)
        return
    path = f"{place}/{KINDS[change.kind]}"
    name = quote(change.name.partition("/")[2], safe="")
    before, after = change.before, change.after
    if after is None or (before and _is_remade(change)):
        api.call("DELETE", f"{path}/{name}")
        before = None
    if after is None:
        return
    said = {**dict.fromkeys(before or ()), **after}
    if change.kind == SNIPPET and is_dynamic(after) and not before:
        said |= holding.get(f"{CONTENT}:{change.name}") or {}
    if change.kind == DIRECTOR:
        said.pop(BACKENDS, None)
    api.call(*(("PUT", f"{path}/{name}") if before else ("POST", path)), said)
    if change.kind == DIRECTOR:
        _direct(api, f"{path}/{name}/backend", (before or {}).get(BACKENDS, ()), after.get(BACKENDS, ()))


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
