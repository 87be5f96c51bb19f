"""Tables of ``snapstore.toml`` → typed values, with errors in the words of the file and never a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from snapstore.config.places import place_of
from snapstore.config.source import Keys, Source, dotted
from snapstore.errors import SnapError
from snapstore.nearest import did_you_mean

T = TypeVar("T")


def convert(source: Source, value: Any, kind: type[T], at: Keys) -> T:
    try:
        found = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        _refuse_unknown(source, value, kind, at)
        place, is_key = place_of(error, value, kind)
        if is_key:
            known = _type_at(msgspec.inspect.type_info(kind), place[:-1])
            raise _unknown_key(source, at + place, known) from None
        text = str(error).partition(" - at `")[0]
        raise _wrong(source, at + place, text, _choices(kind, place)) from None
    if not _is_strict(found):
        _refuse_unknown(source, value, kind, at)
    return found


def _is_strict(value: Any) -> bool:
    """Whether each table that this was made from had to be without unknown keys, as almost all have.

    Looking at the types instead takes as long as everything else that is done with a configuration.
    """
    if isinstance(value, msgspec.Struct):
        fields = (getattr(value, name) for name in value.__struct_fields__)
        return value.__struct_config__.forbid_unknown_fields and all(map(_is_strict, fields))
    if isinstance(value, dict):
        return all(map(_is_strict, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_strict, value))
    return not hasattr(value, "__dataclass_fields__")


def _wrong(source: Source, path: Keys, text: str, choices: str) -> SnapError:
    """A validation error in the words of this file; a value that was given is left out."""
    missing = re.search(r"missing required field `(\w+)`", text)
    if missing:
        return source.error(path, f"`{dotted((*path, missing[1]))}` is missing")
    if text.startswith("Invalid enum value"):
        return source.error(path, f"`{dotted(path)}` is none of the values it may have", choices)
    words = (
        text.replace("`", "").replace("Expected ", "expected ").replace(" | null", "").replace(" | ", " or ")
    )
    for theirs, ours in (
        ("object", "table"),
        ("array", "list"),
        ("str", "string"),
        ("int", "integer"),
        ("float", "number"),
        ("bool", "true or false"),
    ):
        words = re.sub(rf"\b{theirs}\b", ours, words)
    return source.error(path, f"`{dotted(path)}`: {words}" if path else words)


def _unknown_key(source: Source, path: Keys, table: msgspec.inspect.Type) -> SnapError:
    """A key that is none of those that a table of one type of values may have."""
    known = list(_values(table.key_type)) if isinstance(table, msgspec.inspect.DictType) else []
    return source.error(
        path, f"unknown key `{dotted(path)}`", did_you_mean(str(path[-1]), known, "known keys")
    )


def _choices(kind: Any, place: Keys) -> str:
    """Which values there may be, as the type says that belongs to this place."""
    found = list(_values(_type_at(msgspec.inspect.type_info(kind), place)))
    return (
        f"it may be: {', '.join(found)}" if found else "see `snap schema config` for the values it may have"
    )


def _type_at(kind: msgspec.inspect.Type, place: Keys) -> msgspec.inspect.Type:
    inspect = msgspec.inspect
    for part in place:
        for option in kind.types if isinstance(kind, inspect.UnionType) else (kind,):
            if isinstance(option, inspect.StructType | inspect.DataclassType):
                kind = next((field.type for field in option.fields if field.encode_name == part), kind)
            elif isinstance(option, inspect.DictType):
                kind = option.value_type
            elif isinstance(option, inspect.ListType | inspect.VarTupleType) and isinstance(part, int):
                kind = option.item_type
    return kind


def _values(kind: msgspec.inspect.Type) -> Iterator[str]:
    inspect = msgspec.inspect
    if isinstance(kind, inspect.EnumType):
        yield from (str(member.value) for member in kind.cls)
    elif isinstance(kind, inspect.LiteralType):
        yield from map(str, kind.values)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _values(option)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        yield from _values(kind.item_type)


def _refuse_unknown(source: Source, value: Any, kind: Any, at: Keys) -> None:
    """Unknown keys, wherever a table has a type; msgspec would name them without the nearest known one."""
    for path, known in _unknown(msgspec.inspect.type_info(kind), value, at):
        fix = did_you_mean(str(path[-1]), known, "known keys")
        raise source.error(path, f"unknown key `{dotted(path)}`", fix)


def _unknown(kind: msgspec.inspect.Type, value: Any, at: Keys) -> Iterator[tuple[Keys, list[str]]]:
    inspect = msgspec.inspect
    if isinstance(kind, inspect.Metadata):
        yield from _unknown(kind.type, value, at)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _unknown(option, value, at)
    elif isinstance(kind, inspect.StructType | inspect.DataclassType) and isinstance(value, dict):
        fields = {item.encode_name: item.type for item in kind.fields}
        for key, inner in value.items():
            if key not in fields:
                yield (*at, key), list(fields)
            else:
                yield from _unknown(fields[key], inner, (*at, key))
    elif isinstance(kind, inspect.DictType) and isinstance(value, dict):
        for key, inner in value.items():
            yield from _unknown(kind.value_type, inner, (*at, key))
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType) and isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unknown(kind.item_type, inner, (*at, place))
