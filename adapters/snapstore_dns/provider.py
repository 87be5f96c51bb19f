"""What a provider of zones can do: read one, and change it as a whole or in as few steps as it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from snapstore.errors import SnapError
from snapstore_dns.records import Change, Zone
from snapstore_dns.settings import Settings


class Provider(Protocol):
    """One way to reach zones. All raise ``LostError`` where there was no answer, and SnapError where
    the answer was no."""

    in_parts: bool
    """Whether of one batch some changes may be done and others not."""

    def names(self) -> list[str]:
        """The names of the zones that the settings speak of, sorted."""
        ...

    def read(self, zone: str) -> Zone:
        """The whole zone."""
        ...

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        """The changes in their order, in parts that are each done as a whole or not at all."""
        ...

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """One such part. ``MovedError`` where somebody else was there first."""
        ...

    def settle(self, zone: str) -> None:
        """Wait until all that asks the provider for this zone gets what was written last, as far as that can
        be known. SnapError where it takes too long."""
        ...

    def lost(self, why: Exception) -> SnapError:
        """What to tell of an answer that never came."""
        ...


def opened(settings: Settings, resource: str) -> AbstractContextManager[Provider]:
    """The provider of the settings."""
    from importlib import import_module

    found: AbstractContextManager[Provider] = import_module(f"snapstore_dns.{settings.provider}").opened(
        settings, resource
    )
    return found
