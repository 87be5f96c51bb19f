"""Variables, whatever platform has them, and how they are told as facts and back.

    var:NAME                         on Heroku
    var:NAME@production,preview      on Vercel, by where it is for
    var:NAME@preview:feature-1       for one branch of Git alone

A value that its platform does not give away is no attribute: such a variable is there or not. When it was
changed last is told instead, where that is known, since it tells whether the value is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

import msgspec

from snapstore.model import SEALED, Fact, Json
from snapstore.secrets import REDACTOR
from snapstore_platform.settings import Settings

VARIABLE = "var"
Seal = Callable[[str, bytes], dict[str, str]]


class Variable(msgspec.Struct, frozen=True):
    """``targets`` are the environments that it is for, by name or id, sorted; empty where there is but one.

    ``type`` is the platform's word for how it is kept. ``value`` is None where it cannot be read, and then
    ``changed_at`` says when it was changed, in milliseconds since 1970, 0 where that is not known.
    ``keeper`` is who sets it in our stead, such as an add-on. ``handle`` is what the platform calls it.
    """

    key: str
    value: str | None
    targets: tuple[str, ...] = ()
    branch: str = ""
    type: str = ""
    comment: str = ""
    keeper: str = ""
    changed_at: int = 0
    handle: str = ""

    @property
    def identity(self) -> str:
        scope = ",".join(self.targets) + (f":{self.branch}" if self.branch else "")
        return f"{VARIABLE}:{self.key}@{scope}" if scope else f"{VARIABLE}:{self.key}"

    def __repr__(self) -> str:
        return f"Variable({self.identity})"  # the value may be a secret


def fact_of(variable: Variable, settings: Settings, seal: Seal) -> Fact:
    """Its fact; the value is sealed unless the settings say that it is public."""
    attrs: dict[str, Json] = {
        name: found for name in ("type", "comment", "keeper") if (found := getattr(variable, name))
    }
    if variable.value is not None:
        attrs["value"] = _value(variable.identity, variable.key, variable.value, settings, seal)
    elif variable.changed_at:
        attrs["changed_at"] = variable.changed_at
    return Fact(variable.identity, attrs)


def _value(identity: str, key: str, value: str, settings: Settings, seal: Seal) -> Json:
    if any(fnmatchcase(key, pattern) for pattern in settings.public):
        return value
    REDACTOR.add(value, sealed=True)
    return seal(identity, value.encode())


def variable_of(identity: str, attrs: Mapping[str, Json], unseal: Callable[[str, str], bytes]) -> Variable:
    """The variable of a fact whose value is known."""
    key, _, scope = identity.partition(":")[2].partition("@")
    targets, _, branch = scope.partition(":")
    value = attrs["value"]
    return Variable(
        key=key,
        value=unseal(identity, value[SEALED]).decode() if isinstance(value, dict) else value,
        targets=tuple(filter(None, targets.split(","))),
        branch=branch,
        type=attrs.get("type", ""),
        comment=attrs.get("comment", ""),
    )
