"""Secrets inside facts: sealed where a fact is told, in clear where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

import msgspec

from snapstore.adapter import Context
from snapstore.model import SEALED, Fact, Json, SealedRef
from snapstore.secrets import REDACTOR
from snapstore_cdn.provider import traits
from snapstore_cdn.settings import Settings

Place = tuple[str, ...]


def sealed(fact: Fact, settings: Settings, context: Context) -> Fact:
    """The fact without its secrets: those that the provider knows of, and what the settings call one."""
    whole = any(fnmatchcase(fact.id, pattern) for pattern in settings.sealed)
    is_secret = traits(settings).is_secret

    def hide(value: Json, place: Place) -> Json:
        if not value or not (whole or is_secret(fact.id, place)):
            return value
        REDACTOR.add(value, sealed=True)
        return context.seal(fact.id, value.encode("utf-8", "surrogateescape"))

    return msgspec.structs.replace(fact, attrs=_texts(fact.attrs, (), hide))


def _texts(value: Json, place: Place, change: Callable[[str, Place], Json]) -> Json:
    """The same with every text changed."""
    if isinstance(value, dict):
        return {name: _texts(item, (*place, name), change) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, place, change) for item in value]
    return change(value, place) if isinstance(value, str) else value


def unsealed(identity: str, value: Json, context: Context) -> Json:
    """The same with its secrets in clear."""
    if isinstance(value, dict):
        if value.keys() == {SEALED}:
            return context.unseal(identity, value[SEALED]).decode("utf-8", "surrogateescape")
        return {name: unsealed(identity, item, context) for name, item in value.items()}
    return [unsealed(identity, item, context) for item in value] if isinstance(value, list) else value


def secrets(fact: Fact | None) -> dict[str, SealedRef]:
    """The secrets that are needed to make a fact so."""
    if fact is None:
        return {}
    tokens = dict.fromkeys(_tokens(fact.attrs))
    return {f"{{{fact.id} {number}}}": SealedRef(fact.id, token) for number, token in enumerate(tokens)}


def _tokens(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {SEALED}:
            yield value[SEALED]
            return
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _tokens(item)
