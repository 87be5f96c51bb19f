"""What a provider of caches can do: tell its whole configuration, change parts of it, and purge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol

import msgspec

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Document, Fact, Hazard, Json, Notice
from snapstore_cdn.purge import Purge
from snapstore_cdn.settings import Settings

Attrs = Mapping[str, Json]


class Change(msgspec.Struct, frozen=True):
    """From what to what a fact goes, secrets in clear; None where it is not there. ``version`` is what the
    provider called the state that the plan was made for, ``earlier`` the one that was captured, where it has
    names for them."""

    id: str
    before: Attrs | None
    after: Attrs | None
    version: str | None = None
    earlier: str | None = None

    @property
    def kind(self) -> str:
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        return self.id.partition(":")[2]


def require_named(named: Collection[str], what: str, example: str, context: Context) -> None:
    """SnapError where the settings do not say of what the configuration is."""
    if not named:
        where, fix = f"resources.{context.resource}", f"name them: {example}"
        raise SnapError(f"no {what} is named", where=where, fix=fix)


class Seen(msgspec.Struct, frozen=True):
    """A whole configuration, secrets in clear. ``hints`` help to plan and are no state; ``versions`` are what
    the provider calls the states of facts. ``asked`` is of what all there is was told, as ``KIND:PLACE`` or,
    where a kind is at no place, ``KIND:``. None where there is nothing else."""

    documents: list[Document]
    notices: list[Notice] = []
    hints: dict[str, Json] = {}
    versions: dict[str, str] = {}
    asked: list[str] | None = None

    def facts(self) -> dict[str, Fact]:
        return {fact.id: fact for document in self.documents for fact in document.facts}


class Provider(Protocol):
    """One way to reach a cache. All raise ``LostError`` where there was no answer, and SnapError where the
    answer was no."""

    def read(self) -> Seen:
        """All there is."""
        ...

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        """The changes in their order, in parts that are done together."""
        ...

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        """One such part; ``begun`` is called before anything changes that a reading would show.
        ``MovedError`` where somebody else was there first."""
        ...

    def settle(self, report: Callable[[str], None]) -> None:
        """Return when what was written is in effect everywhere."""
        ...

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        """Let nothing of that be answered from the cache any more. It bears being asked twice."""
        ...

    def lost(self, why: Exception) -> SnapError:
        """What to tell of an answer that never came."""
        ...


class Traits(msgspec.Struct, frozen=True):
    """What plans know of a provider without asking it.

    ``hazards`` are those of a change; ``obstacle`` says why it cannot be done, if so, given the live hints;
    ``rank`` orders what declares no other order; ``left_alone`` are differences that no restore owes anybody,
    and what ``goes_by_itself`` is no longer seen when nothing refers to it any more.
    ``is_secret`` tells the places inside a fact whose texts are sealed. ``purge_takes`` says how long a purge
    takes to be everywhere. ``later`` are the kinds that captures which do not say what they asked
    for were made without. ``told_as`` gives what a fact of the target says as a capture of now would say it,
    given the hints of both.
    """

    purge_takes: str
    hazards: Callable[[Change], Iterator[Hazard]] = lambda change: iter(())
    obstacle: Callable[[Change, Mapping[str, Json]], str | None] = lambda change, hints: None
    rank: Callable[[Change], int] = lambda change: 0
    left_alone: Callable[[Change], bool] = lambda change: False
    goes_by_itself: Callable[[Change], bool] = lambda change: False
    is_secret: Callable[[str, tuple[str, ...]], bool] = lambda identity, place: False
    later: Collection[str] = ()
    told_as: Callable[[Attrs, Mapping[str, Json], Mapping[str, Json]], Attrs] = lambda attrs, live, target: (
        attrs
    )


def opened(settings: Settings, context: Context) -> AbstractContextManager[Provider]:
    """The provider of the settings."""
    module = import_module(f"snapstore_cdn.{settings.provider}.provider")
    found: AbstractContextManager[Provider] = module.opened(settings, context)
    return found


def traits(settings: Settings) -> Traits:
    """What is known of it; imports nothing that talks."""
    found: Traits = import_module(f"snapstore_cdn.{settings.provider}.planning").TRAITS
    return found
