"""What is left to a managed platform: named lists of identities, one TOML file each.

A file has the keys ``exclude`` (shell patterns of identities, such as ``schema:auth`` or ``role:rds_*``; with
a fact goes all that is part of it), ``may`` (kinds that an administrator of the platform may create without
being a superuser) and ``extends`` (the name of another profile, whose lists are added).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import translate
from pathlib import Path

import msgspec

from snapstore.errors import SnapError
from snapstore.model import Fact
from snapstore_postgres.names import unquote
from snapstore_postgres.settings import Settings

_FOLDER = Path(__file__).parent


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of such a file."""

    exclude: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    extends: str = ""


def names() -> list[str]:
    """The profiles that come with snapstore, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(settings: Settings, root: Path, where: str) -> Profile:
    """What the settings say, with all that their profile and what that extends say.

    A profile is one of :func:`names`, or the path of a file, relative to ``root``. SnapError when there is
    none.
    """
    found = Profile(settings.exclude)
    name, seen = settings.profile, set[str]()
    while name:
        if name in seen:
            raise SnapError(f"the profile {name!r} extends itself", where=where, fix="take out one `extends`")
        seen.add(name)
        part = _read(name, root, where)
        found = Profile(found.exclude + part.exclude, found.may + part.may)
        name = part.extends
    return found


def _read(name: str, root: Path, where: str) -> Profile:
    own = name.endswith(".toml")
    if not own and name not in names():
        raise SnapError(
            f"there is no profile {name!r}",
            where=where,
            fix=f"use one of {', '.join(names())}, or the path of a .toml file of your own",
        )
    path = root / name if own else _FOLDER / f"{name}.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Profile)
    except (OSError, ValueError) as error:  # both parsers raise ValueErrors
        fix = "a profile has the keys exclude, may and extends; see docs/adapters/postgres.md"
        raise SnapError(f"the profile {name} cannot be read: {error}", where=where, fix=fix) from error


def schemas(settings: Settings, profile: Profile) -> list[str]:
    """Regular expressions of PostgreSQL for the names of all schemas that are not looked at."""
    exact = [f"^{re.escape(name)}$" for name in settings.exclude_schemas]
    patterns = [
        unquote(pattern.partition(":")[2]) for pattern in profile.exclude if pattern.startswith("schema:")
    ]
    return exact + [f"^{_as_expression(pattern)}$" for pattern in patterns]


def _as_expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def without_excluded(facts: dict[str, Fact], profile: Profile) -> dict[str, Fact]:
    """The facts that no pattern excludes, by themselves or with what they are part of."""
    if not profile.exclude:
        return facts
    excluded = re.compile("|".join(map(translate, profile.exclude)))
    gone = {i for i, fact in facts.items() if any(excluded.match(whole) for whole in _chain(fact, facts))}
    return {i: _without_needs(fact, gone) for i, fact in facts.items() if i not in gone}


def _chain(fact: Fact, by_id: dict[str, Fact]) -> Iterator[str]:
    yield fact.id
    while fact.parent:
        yield fact.parent
        if fact.parent not in by_id:
            return
        fact = by_id[fact.parent]


def _without_needs(fact: Fact, gone: Iterable[str]) -> Fact:
    if not any(need in gone for need in fact.needs):
        return fact
    return Fact(fact.id, fact.attrs, fact.parent, tuple(need for need in fact.needs if need not in gone))
