"""What an application reads from a value as it is written, for showing public values to people.

Nothing is restored from this, so it leaves out what it would need an environment for: ``${NAME}`` stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from snapstore_dotenv.settings import Dialect

_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_PYTHON = {**_CONTROL, "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"'}
_DOUBLE: Mapping[Dialect, Mapping[str, str]] = {
    "node": {"n": "\n", "r": "\r"},
    "python": _PYTHON,
    "compose": {**_CONTROL, "\\": "\\", '"': '"', "$": "$"},
    "shell": {"\\": "\\", '"': '"', "$": "$", "`": "`", "\n": ""},
}
_SINGLE: Mapping[Dialect, Mapping[str, str]] = {
    "node": {},
    "python": {"\\": "\\", "'": "'"},
    "compose": {},
    "shell": {},
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def interpret(text: str, dialect: Dialect) -> str:
    """The value of a binding, from its text with quotes and escapes."""
    quote = text[:1]
    if len(text) < 2 or quote != text[-1] or quote not in ("'", '"', "`"):
        return _ESCAPE.sub(r"\1", text) if dialect == "shell" else text
    inner = text[1:-1]
    if quote == "`":
        return inner if dialect == "node" else text
    return _unescape(inner, (_DOUBLE if quote == '"' else _SINGLE)[dialect])


def _unescape(text: str, known: Mapping[str, str]) -> str:
    return _ESCAPE.sub(lambda match: known.get(match[1], match[0]), text)
