"""What ``[resources.NAME]`` may say about an env file."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Dialect: TypeAlias = Literal["node", "python", "compose", "shell"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``path`` is the env file. ``public`` are shell globs of variables whose values may be shown.

    ``dialect`` is whose rules apply where they differ: where an unquoted value ends, and how a public value
    is shown in a plan. It never changes what is restored.
    """

    path: str
    public: list[str] = []
    dialect: Dialect = "node"
