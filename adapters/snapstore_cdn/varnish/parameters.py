"""Parameters: as the server tells them, and the words that make them so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from snapstore.model import Json
from snapstore_cdn.varnish.cli import OK, Answer, Cli

_NOTHING = frozenset({"none", "(all enabled)", ""})
_OPPOSITE = {"+": "-", "-": "+"}
_MASKED = re.compile(r"[+-][A-Za-z]\w*")

COMPILING = frozenset({"max_vcl", "max_vcl_handling", "vcl_path", "vmod_path"})
_COMPILER = ("cc_", "vcc_")


def is_compiling(name: str) -> bool:
    """Whether what a VCL program becomes depends on it."""
    return name in COMPILING or name.startswith(_COMPILER)


def read(cli: Cli) -> list[dict[str, Any]]:
    """All that the server has. Their descriptions are long: it may tell them only one by one."""
    if cli.ask("param.show", "-j").status == OK:
        found = cli.told("param.show", "-j")
    else:
        names = [line.split()[0] for line in cli.call("param.show").splitlines() if line.strip()]
        found = [one for name in names for one in cli.told("param.show", "-j", name)]
    return [one for one in found if one.get("implemented")]


def text_of(value: Json) -> str:
    """A value as the server takes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value.values()) if isinstance(value, dict) else str(value)


def _is_mask(value: str) -> bool:
    return value in _NOTHING or all(_MASKED.fullmatch(word) for word in value.split(","))


def words_for(before: str, after: str, default: str) -> list[str]:
    """What is to be set so that the value becomes another. Masks are told what is different."""
    if not (_is_mask(before) and _is_mask(after) and _is_mask(default)):
        return [after]
    old, new = (set() if value in _NOTHING else set(value.split(",")) for value in (before, after))
    back = {f"{_OPPOSITE[word[0]]}{word[1:]}" for word in old - new}
    return sorted(new - old | back)


def write(cli: Cli, values: Mapping[str, str]) -> None:
    """Set them all. One may have to be below another: who is refused tries again when others are set."""
    known = {one["name"]: one for one in read(cli)}
    left = dict(values)
    while left:
        answers = {name: _set(cli, known[name], value) for name, value in left.items()}
        refused = {name: answer for name, answer in answers.items() if answer.status != OK}
        if len(refused) == len(left):
            name, answer = next(iter(refused.items()))
            raise cli.refused(answer, "param.set", name)
        left = {name: left[name] for name in refused}


def _set(cli: Cli, known: Mapping[str, Any], value: str) -> Answer:
    done = Answer(OK, "")
    for word in words_for(text_of(known["value"]), value, text_of(known["default"])):
        done = cli.ask("param.set", known["name"], word)
        if done.status != OK:
            break
    return done
