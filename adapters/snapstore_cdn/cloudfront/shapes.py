"""Configurations as the API tells them to what facts say, and back.

The API counts all it lists (``Quantity``, ``Items``), and gives what has no order in any. Facts have plain
lists, sorted where their order means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from snapstore.model import Json

QUANTITY, ITEMS = "Quantity", "Items"
_IN_ORDER = frozenset({"CacheBehaviors", "Members"})
"""The first one that fits counts."""
_NAMES = ("Id", "ErrorCode", "HeaderName", "Header", "EventType", "FunctionARN", "PathPattern", "StringValue")


def plain(value: Json, place: str = "") -> Json:
    """What a fact says."""
    if isinstance(value, list):
        found = [plain(item, place) for item in value]
        return found if place in _IN_ORDER else sorted(found, key=_name)
    if not isinstance(value, dict):
        return value
    if QUANTITY not in value:
        return {name: plain(item, name) for name, item in value.items()}
    items = plain(value.get(ITEMS, []), place)
    rest = {name: plain(item, name) for name, item in value.items() if name not in (QUANTITY, ITEMS)}
    return {**rest, ITEMS: items} if rest else items


def _name(item: Json) -> str:
    if isinstance(item, dict):
        return next((f"{item[name]}" for name in _NAMES if name in item), repr(item))
    return f"{item}"


@cache
def shape(name: str) -> Any:
    """What botocore knows of a structure of the API."""
    from botocore.session import get_session

    return get_session().get_service_model("cloudfront").shape_for(name)


def told(value: Json, shape: Any) -> Json:
    """What the API is told: as ``shape``, which is botocore's."""
    if shape.type_name == "list":
        return [told(item, shape.member) for item in value]
    if shape.type_name != "structure":
        return value
    if QUANTITY not in shape.members:
        return {name: told(item, shape.members[name]) for name, item in value.items()}
    parts = value if isinstance(value, dict) else {ITEMS: value}
    found = {name: told(item, shape.members[name]) for name, item in parts.items()}
    items = found.pop(ITEMS, [])
    return {**found, QUANTITY: len(items), **({ITEMS: items} if items else {})}


def changed(value: Json, change: Callable[[str, str], str], field: str = "") -> Json:
    """The same with every text changed, given the field that it is in."""
    if isinstance(value, Mapping):
        return {name: changed(item, change, name) for name, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change, field) for item in value]
    return change(field, value) if isinstance(value, str) else value
