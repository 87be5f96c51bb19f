"""Libraries of functions, and the modules that a server has loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from snapstore.model import Fact, Json
from snapstore_redis.names import name_of, value_of

FUNCTION = "function"
MODULE = "module"

Seal = Callable[[str, bytes], dict[str, str]]


def facts_of(answer: Sequence[Any]) -> list[Fact]:
    """All facts of an answer to FUNCTION LIST WITHCODE."""
    return sorted((_library(_pairs(told)) for told in answer), key=lambda fact: fact.id)


def _library(told: Mapping[str, Any]) -> Fact:
    """The engine and the names are in the code too, but nobody but the server can tell."""
    attrs: dict[str, Json] = {
        "engine": value_of(told["engine"]),
        "functions": sorted(name_of(_pairs(function)["name"]) for function in told["functions"]),
        "code": value_of(told["library_code"]),
    }
    return Fact(f"{FUNCTION}:{name_of(told['library_name'])}", attrs)


def modules_of(answer: Sequence[Any], seal: Seal) -> list[Fact]:
    """All facts of an answer to MODULE LIST. Arguments are sealed: there may be a password among them."""
    return sorted((_module(_pairs(told), seal) for told in answer), key=lambda fact: fact.id)


def _module(told: Mapping[str, Any], seal: Seal) -> Fact:
    identity = f"{MODULE}:{name_of(told['name'])}"
    attrs: dict[str, Json] = {"version": told["ver"]}
    if told.get("path"):
        attrs["path"] = value_of(told["path"])
    if told.get("args"):
        attrs["args"] = [seal(identity, argument) for argument in told["args"]]
    return Fact(identity, attrs)


def _pairs(flat: Sequence[Any]) -> dict[str, Any]:
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
