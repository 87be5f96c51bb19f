"""What a platform can do: tell all variables of a project, and change some."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from snapstore.errors import SnapError
from snapstore_platform.settings import Settings
from snapstore_platform.variables import Variable

PAGE = "docs/adapters/platform.md"


class Change(msgspec.Struct, frozen=True):
    """What is there (None: nothing) and what is to be there instead, under one identity."""

    before: Variable | None
    after: Variable | None


class Provider(Protocol):
    """One platform. All raise ``LostError`` where there was no answer, and SnapError where it was no."""

    together: bool
    """Whether it does many changes as a whole or not at all; else ``write`` is given one at a time."""

    def read(self) -> list[Variable]:
        """All variables of the project."""
        ...

    def write(self, changes: Sequence[Change]) -> None:
        """Do them, in their order where it matters."""
        ...

    def lost(self, why: Exception) -> SnapError:
        """What to tell of an answer that never came."""
        ...


def opened(settings: Settings, resource: str) -> AbstractContextManager[Provider]:
    """The provider of the settings."""
    from importlib import import_module

    found: AbstractContextManager[Provider] = import_module(f"snapstore_platform.{settings.provider}").opened(
        settings, resource
    )
    return found
