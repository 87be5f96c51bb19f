"""Looking at env files for ``snap doctor`` and ``snap init``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from snapstore.adapter import Context, Suggestion
from snapstore.model import Notice
from snapstore_dotenv.place import place_of, read
from snapstore_dotenv.settings import Settings
from snapstore_dotenv.syntax import Binding, split

_TEMPLATES = frozenset({"example", "sample", "template", "dist"})
_LEFTOVERS = frozenset({"bak", "backup", "old", "orig", "swp", "tmp"})


def check(settings: Settings, context: Context) -> list[Notice]:
    """What a user should know about this file: who else can read it, and names that are set twice."""
    found = read(place_of(settings, context))
    if found is None:
        return [Notice(settings.path, "does not exist")]
    data, mode = found
    return [Notice(settings.path, text) for text in _findings(data, mode, settings)]


def _findings(data: bytes, mode: int, settings: Settings) -> Iterator[str]:
    if mode & 0o007:
        yield f"is open to every user (mode {mode:04o}); chmod 600 keeps its secrets to its owner"
    bindings = (piece for piece in split(data, settings.dialect) if isinstance(piece, Binding))
    for name, count in sorted(Counter(binding.name for binding in bindings).items()):
        if count > 1:
            yield f"sets {name} {count} times; the last one usually counts"


def discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    """The env files of a folder, without examples, templates and leftovers of editors."""
    paths = sorted(path for path in root.glob(".env*") if _is_env_file(path))
    return [
        Suggestion(
            name=re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-"),
            settings={"path": path.name},
            comment='every value is sealed; name those that may be shown in public = ["NODE_ENV"]',
        )
        for path in paths
    ]


def _is_env_file(path: Path) -> bool:
    first, *suffixes = path.name[1:].split(".")
    unwanted = _TEMPLATES | _LEFTOVERS
    return first == "env" and not unwanted & {word.lower() for word in suffixes} and path.is_file()
