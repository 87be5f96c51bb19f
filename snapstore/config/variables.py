"""``${VAR}`` and ``${VAR:-default}`` in the values of ``snapstore.toml``; ``$$`` is a dollar sign.

What comes from the environment may be a secret, so it is told to the redactor, except where the key says
that it is a name or a place (:data:`OPEN_KEYS`). The command of a hook, of a metric or of a backup is left as
it is: the shell that runs it expands ``${VAR}`` itself, so that no value becomes part of a command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from snapstore.config.source import Keys, Source, dotted, line_with
from snapstore.errors import SnapError
from snapstore.secrets import REDACTOR

OPEN_KEYS = frozenset(
    {"adapter", "api", "branch", "clear", "cwd", "exclude", "file", "forge", "include", "inherit", "path"}
    | {"public", "repository", "require", "schemas"}
)
"""Keys whose values are names or places: shown in messages even where they come from the environment."""

_COMMANDS = (("hooks", "run"), ("watch", "command"), ("preflight", "command"))
_VARIABLE = re.compile(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|)")
_URL_PASSWORD = re.compile(r"://[^/@\s:]*:([^@\s]+)@|\bpassword\s*=\s*'?([^'\s&]+)")
_ESCAPE = "a variable is written ${NAME} or ${NAME:-default}, a dollar sign $$"


class Lenient(Mapping[str, str]):
    """The environment, with every variable that is not set standing for itself."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def __getitem__(self, name: str) -> str:
        return self._env.get(name, f"${{{name}}}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)


def fill(source: Source, raw: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """The tables with variables filled in; all that are not set are named at once."""
    missing: list[str] = []

    def visit(path: Keys, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: visit((*path, key), inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [visit((*path, place), inner) for place, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if (path[0], path[-1]) in _COMMANDS:
            _remember_variables(value, env)
            return value
        return _fill_text(source, path, value, env, missing)

    filled: dict[str, Any] = visit((), raw)
    if missing:
        raise _unset(source, missing)
    return filled


def _fill_text(source: Source, path: Keys, text: str, env: Mapping[str, str], missing: list[str]) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    secret = key not in OPEN_KEYS

    def value_of(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if found[0] == "$$":
            return "$"
        if name is None:
            raise source.error(
                path, f"`{dotted(path)}` has `${{` without a variable's name and `}}`", _ESCAPE
            )
        value = _lookup(env, name)
        if not value and default is not None:
            return str(default)
        if value is None:
            missing.append(str(name))
            return ""
        if secret:
            REDACTOR.add(value)
        return value

    filled = _VARIABLE.sub(value_of, text)
    _remember_password(filled)
    return filled


def _lookup(env: Mapping[str, str], name: str) -> str | None:
    try:
        return env[name]
    except KeyError:
        return None


def _remember_variables(command: str, env: Mapping[str, str]) -> None:
    """Tell the redactor what the shell will put into a hook's command."""
    for name in re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", command):
        if env.get(name) and name not in ("HOME", "PATH", "PWD", "USER", "SHELL", "LANG"):
            REDACTOR.add(env[name])


def _remember_password(text: str) -> None:
    for found in _URL_PASSWORD.finditer(text):
        password = found[1] or found[2]
        REDACTOR.add(password)
        REDACTOR.add(unquote(password))


def _unset(source: Source, missing: list[str]) -> SnapError:
    names = list(dict.fromkeys(missing))
    lines = {name: line_with(source.text, f"${{{name}}}") for name in names}
    if len(names) == 1:
        what = f"the variable {names[0]} is not set"
    else:
        listed = ", ".join(f"{name} (line {lines[name]})" for name in names)
        what = f"{len(names)} variables are not set: {listed}"
    fix = f"set it, or give a default: ${{{names[0]}:-…}}"
    return SnapError(what, where=source.at(lines[names[0]]), fix=fix)
