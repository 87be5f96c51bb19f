"""Which paths of a tree belong to a resource: globs, much like those of a .gitignore, as one expression.

* ``*`` and ``?`` match within a name, ``[a-z]`` and ``[!a-z]`` one character, ``**`` any number of folders;
  a backslash takes the meaning from what follows it.
* A pattern with a slash at its start or inside is relative to the root; any other matches at every depth.
* A pattern that ends in a slash matches folders only.
* What matches a folder stands for the folder and all that is in it; so does ``folder/**`` and ``folder/*``.

Paths of folders are matched with a slash at their end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKEN = re.compile(r"\*+|\?|\[([!^]?)(\]?[^\]/]*)\]|\\(.)|(.)", re.DOTALL)


def compile_patterns(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """One expression whose ``match`` tells whether a path is meant; None for no patterns at all.

    ValueError that quotes the pattern when it cannot match anything.
    """
    expressions = [_checked(pattern) for pattern in patterns]
    return re.compile("|".join(expressions), re.DOTALL) if expressions else None


def _checked(pattern: str) -> str:
    expression = _translate(pattern)
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is not a glob: {error.msg}") from error
    return expression


def _translate(pattern: str) -> str:
    names = [name for name in pattern.split("/") if name]
    if not names or ".." in names or "." in names:
        raise ValueError(f"the pattern {pattern!r} matches no path: write it relative to the folder")
    folders_only = pattern.endswith("/")
    at_root = "/" in pattern.rstrip("/")
    *parents, last = names
    head = "" if at_root else "(?:[^/]+/)*"
    head += "".join("(?:[^/]+/)*" if name == "**" else f"{_name(name)}/" for name in parents)
    if last == "**":
        return head
    return f"{head}{_name(last)}" + ("/" if folders_only else r"(?:/|\Z)")


def _name(glob: str) -> str:
    return _TOKEN.sub(_token, glob)


def _token(match: re.Match[str]) -> str:
    negated, members, escaped, plain = match.groups()
    if members is not None:
        members = members.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
        return f"(?!/)[{'^' if negated else ''}{members}]"
    if match[0].startswith("*"):
        return "[^/]*"
    return "[^/]" if match[0] == "?" else re.escape(escaped or plain)
