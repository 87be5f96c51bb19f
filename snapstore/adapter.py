"""The contract between the core and an adapter, and the registry of installed adapters.

An adapter is a value: an :class:`Adapter` whose fields are plain functions, registered as an entry point in
the group ``snapstore.adapters``. Its life, for one command:

1. ``settings`` is filled from the resource's table in ``snapstore.toml`` (unknown keys are errors).
2. ``capture`` reads the live system, and changes nothing in it.
3. ``ask`` looks up what else ``plan`` wants to know of the live system, now that the changes are known, and
   ``plan`` turns changes into actions. It is a pure function of its request: it sees no live system.
4. ``lock`` keeps other restores away for as long as it is entered, over steps 5 and 6.
5. ``apply`` runs actions in the order given, reporting each through the context.
6. ``capture`` again, by which the core proves the result.

The core never imports an adapter by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from snapstore.errors import SnapError
from snapstore.facts import Facts
from snapstore.installed import entry_points
from snapstore.model import (
    Action,
    Archived,
    Captured,
    Fact,
    Json,
    Known,
    Notice,
    PlanOptions,
    ResourceChanges,
    Wrote,
)

GROUP = "snapstore.adapters"

Report = Callable[[str], None]
"""Tells the user what happens, a line at a time."""


def silent(text: str) -> None:
    """A report that nobody reads."""


class Context(msgspec.Struct, frozen=True):
    """What an adapter may know about where it runs.

    ``seal(identity, value)`` gives the JSON value ``{"$sealed": token}`` to put into a fact;
    ``unseal(identity, token)`` gives the value back. Both raise SnapError where there is no key.
    ``root`` is the folder of ``snapstore.toml``, against which :meth:`place` resolves paths of settings. In a
    rehearsal it is a ``scratch`` folder, and no path of the settings leads out of it.
    ``known`` is an earlier state of this resource, if it had a stamp: see :class:`Captured`.
    """

    resource: str
    root: Path
    seal: Callable[[str, bytes], dict[str, str]]
    unseal: Callable[[str, str], bytes]
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    known: Known | None = None
    scratch: bool = False

    def place(self, path: str) -> Path:
        """Where a path of the settings is, absolute."""
        if not self.scratch:
            return self.root / Path(path).expanduser()
        inside = (part.replace("..", "up") for part in Path(path).parts if part != "/")
        return self.root.joinpath(*inside)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.resource!r})"  # the environment holds secrets


class Journal(Protocol):
    """How ``apply`` tells what it does; each call is on disk before it returns.

    That takes a moment, so an adapter whose actions are many and small may start and finish some hundred of
    them by one call. After a crash all that were started may be half done.
    """

    def started(self, *actions: Action) -> None:
        """These actions are about to run."""
        ...

    def finished(self, *actions: Action) -> None:
        """They have run; inside a transaction that is not yet committed they may still vanish."""
        ...

    def committed(self) -> None:
        """All that was finished so far is durable in the live system."""
        ...


class ApplyContext(Context, frozen=True, kw_only=True):
    """A :class:`Context` with what only ``apply`` may use: content of blobs by id, the journal, and
    ``report``, which tells the user in a line what takes long.

    ``small_blob`` gives the content of most blobs sooner than ``open_blob``, and None for the others: large
    ones, pointers, what is in no pack. ``wrote`` is told of new files that hold what ``small_blob`` gave,
    where nobody can change them any more without changing their stamps: the next capture need not read them.
    """

    open_blob: Callable[[str], BinaryIO]
    journal: Journal
    report: Report = silent
    small_blob: Callable[[str], bytes | None] = lambda oid: None
    wrote: Callable[[Iterable[Wrote]], None] = lambda files: None


class PlanRequest(msgspec.Struct, frozen=True):
    """Everything ``plan`` may look at.

    ``changes`` lead from the live state to the target. ``live`` and ``target`` are all facts of the
    resource by identity on each side (equal facts are the same object; any mapping can be given). The hints
    are those of the two captures, ``{}`` where none were kept. ``begun`` are the actions that a restore which
    was interrupted, and goes on or back, has begun so far: what they left undone need not show in any fact.
    """

    resource: str
    settings: Any
    changes: ResourceChanges
    live: Facts
    target: Facts
    live_hints: Mapping[str, Json]
    target_hints: Mapping[str, Json]
    options: PlanOptions
    begun: Sequence[Action] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "live", Facts.of(self.live))
        msgspec.structs.force_setattr(self, "target", Facts.of(self.target))


class Suggestion(msgspec.Struct, frozen=True):
    """A resource that ``snap init`` found: its name, and its settings as TOML values.

    ``env`` values such as ``${DATABASE_URL}`` are written as they are. ``comment`` says why, in a line.
    """

    name: str
    settings: dict[str, Any]
    comment: str = ""
    group: str | None = None


def nothing_asked(request: PlanRequest) -> Mapping[str, Json]:
    """For systems that have whatever a plan may want."""
    return {}


def nothing_archived(settings: Any, context: Context) -> list[Archived]:
    """For systems in which restores put nothing aside."""
    return []


def nothing_to_prune(settings: Any, context: Context, places: Sequence[str]) -> None:
    """For them as well."""


def nothing_left(settings: Any, actions: Sequence[Action], context: Context) -> None:
    """For systems in which a killed ``apply`` leaves nothing that a capture would not show."""


Hints = Mapping[str, Json]
"""Those of one resource in one capture, ``{}`` where none were kept."""


def nothing_beyond(changes: ResourceChanges, live: Hints, target: Hints) -> Collection[str]:
    """For adapters that capture all that they know of, in one way, whatever their settings say."""
    return ()


def nothing_retold(changes: ResourceChanges, before: Hints, after: Hints) -> Collection[str]:
    """For systems that tell the same in the same way, whatever their version."""
    return ()


def nothing_follows(settings: Any, resource: str, actions: Sequence[Action]) -> list[Action]:
    """For systems that nothing has to be done to when others were restored."""
    return []


def no_lock(settings: Any, context: Context) -> AbstractContextManager[None]:
    """For systems that have no lock of their own: the store's lock is all there is."""
    return nullcontext()


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A scratch system, empty as yet, in which a restore is rehearsed; gone when its ``with`` block ends.

    ``settings`` and ``root`` are what the adapter's own functions take to work on it, ``where`` says in words
    what it is and ``version`` what runs there.
    ``leaves_out`` gives, for the identity of a fact, why it is not touched there, "" where it is: such facts
    are neither made nor compared, and actions on them are not run. ``anew`` says why the plan's own actions
    cannot run there, so that a plan with the same target is made there instead; "" where they can.
    ``fill`` is called when the live state is laid out: with how many rows of each table are wanted as a
    sample; it gives what it has to tell.
    """

    settings: Any
    root: Path
    where: str
    version: str = ""
    leaves_out: Callable[[str], str] = lambda identity: ""
    anew: str = ""
    fill: Callable[[int], list[str]] = lambda rows: []


def nothing_left_of_rehearsals(settings: Any, context: Context, folder: Path) -> None:
    """For systems that are rehearsed in ``folder`` alone, which the core removes, or in memory."""


Form = Callable[[str, Facts, Hints], str]
"""Writes what a path of a resource stands for, given all its facts and hints, in a form that others read.
SnapError when the path stands for nothing that can be written so."""


class Adapter(msgspec.Struct, frozen=True):
    """A plug-in. ``format`` counts up when the shape of its facts changes.

    ``apply`` raises SnapError when an action fails, having stopped there; what it reported through the
    journal as committed (or finished, for actions that are not transactional) has happened.
    ``ask`` looks up in the live system what ``plan`` wants to know of it for these changes, and gives that as
    more live hints; it changes nothing there.
    ``tidy`` removes what an ``apply`` of these actions that was killed may have left where no capture looks,
    and waits for what it has done and is not in effect everywhere yet, before an interrupted restore goes on
    or back; it raises no error for what is not there.
    ``beyond`` gives, of the differences between two captures with these hints, the identities of those that
    only say that one of them was not asked for it, or that it tells the same otherwise: no restore is held to
    account for them. ``retold`` gives those of them that are told otherwise though nothing has changed: no
    view of what changed has them.
    ``follow`` gives actions that come after all others of a plan, be those of this resource or of any other,
    such as purging a cache. It is asked whenever there are any, and again when an interrupted restore goes
    on: what it gives has to bear being run twice.
    ``renames`` are the kinds of facts that its ``plan`` renames where ``PlanOptions.renames`` says so;
    ``inside`` gives what can be renamed inside a fact, as identities of such kinds.
    ``rehearse`` makes a :class:`Stage` for these actions, with a folder of its own that is there already; it
    only reads the live system. None where there is nothing like it: a plan is then rehearsed on its facts
    alone. ``clear`` removes what a rehearsal that was killed has left outside of its folder.
    ``archived`` lists what restores have put aside and none has taken back, oldest first; ``prune`` removes
    some of that for good, by their places.
    ``forms`` are the forms beside our own in which ``snap show`` writes a part of a state, by their names.
    ``clock`` gives the time of the system, in seconds since 1970; None where it has none of its own.
    ``check`` is for ``snap doctor``: what is wrong with this resource, [] when it is well.
    ``discover`` is for ``snap init``: resources this adapter would take care of below a folder.
    ``summary`` is one line for ``snap adapters``.
    """

    name: str
    format: int
    summary: str
    settings: type[Any]
    capture: Callable[[Any, Context], Captured]
    plan: Callable[[PlanRequest], list[Action]]
    apply: Callable[[Any, Sequence[Action], ApplyContext], None]
    ask: Callable[[PlanRequest], Mapping[str, Json]] = nothing_asked
    tidy: Callable[[Any, Sequence[Action], Context], None] = nothing_left
    beyond: Callable[[ResourceChanges, Mapping[str, Json], Mapping[str, Json]], Collection[str]] = (
        nothing_beyond
    )
    retold: Callable[[ResourceChanges, Mapping[str, Json], Mapping[str, Json]], Collection[str]] = (
        nothing_retold
    )
    follow: Callable[[Any, str, Sequence[Action]], list[Action]] = nothing_follows
    renames: Collection[str] = ()
    inside: Callable[[Fact], Collection[str]] = lambda fact: ()
    lock: Callable[[Any, Context], AbstractContextManager[None]] = no_lock
    rehearse: Callable[[Any, Context, Path, Sequence[Action]], AbstractContextManager[Stage]] | None = None
    clear: Callable[[Any, Context, Path], None] = nothing_left_of_rehearsals
    archived: Callable[[Any, Context], list[Archived]] = nothing_archived
    prune: Callable[[Any, Context, Sequence[str]], None] = nothing_to_prune
    forms: Mapping[str, Form] = {}
    clock: Callable[[Any, Context], float] | None = None
    check: Callable[[Any, Context], list[Notice]] = lambda settings, context: []
    discover: Callable[[Path, Mapping[str, str]], list[Suggestion]] = lambda root, env: []


def later(place: str) -> Any:
    """The function at ``module:name``, which is imported when it is first called: with what it needs itself,
    such as the library of a server, so that nobody pays for that who only reads a configuration."""
    module, _, name = place.partition(":")

    def call(*words: Any) -> Any:
        return getattr(import_module(module), name)(*words)

    return call


@cache
def _registered() -> dict[str, str]:
    return entry_points(GROUP)


def names() -> list[str]:
    """Names of all installed adapters, sorted; none of them is imported."""
    return list(_registered())


@cache
def load(name: str) -> Adapter:
    """The adapter of that name. SnapError when none is installed or it cannot be imported."""
    place = _registered().get(name)
    if place is None:
        known = ", ".join(names()) or "none is installed"
        raise SnapError(f"no adapter named {name!r}", fix=f"installed adapters: {known}")
    try:
        module, _, attribute = place.partition(":")
        found = attrgetter(attribute)(import_module(module))
    except Exception as error:  # importing a plug-in runs whatever its author wrote
        said = error if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise SnapError(f"the adapter {name!r} cannot be loaded: {said}", fix=_install(name)) from error
    if not isinstance(found, Adapter):
        raise SnapError(
            f"the adapter {name!r} ({place}) is not a snapstore.adapter.Adapter",
            fix="reinstall the package it comes from, or remove it",
        )
    return found


def _install(name: str) -> str:
    """How to get a plug-in to work: ours name what they need as an extra, others belong to their package."""
    from importlib import metadata

    owners = {point.dist.name for point in metadata.entry_points(group=GROUP, name=name) if point.dist}
    package = next(iter(owners), "")
    if package in ("", "snapstore"):
        return f"install what it needs: pip install 'snapstore[{name}]'"
    return f"it is part of {package}: install that again, or another version of it"
