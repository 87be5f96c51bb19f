"""Changes of a file tree to actions, one per path.

Order is by rank alone: what is in the way of something new goes first, then folders, files, links, hard
links, modes and other attributes, deletions, and at last folders left empty, children before parents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.filetree.attributes import HARDLINK, KEEP, NOTHING, OWNER, Attributes, may_own, told, wanted
from snapstore.filetree.facts import DIR, FOLDER_MODE, LINK, MODE, ROOT, ancestors, file_mode
from snapstore.filetree.newfolders import Entry, topmost
from snapstore.model import Action, Blob, Fact, FactChange, FileChange, Hazard, HazardName, Verb
from snapstore.paths import to_text

_IN_THE_WAY, _FOLDERS, _FILES, _LINKS, _NAMES, _MODES, _DELETIONS, _EMPTIED = range(0, 80_000, 10_000)
_DEEPEST = 5_000


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """The payload of an action: what to do to ``path`` (text of :mod:`snapstore.paths`).

    ``write`` and ``link`` take their content from ``blob``; ``write``, ``set`` and ``folder`` make the
    permission bits ``mode`` and, where given, the other ``attributes``. ``fill`` makes all ``entries``,
    which are new, in a folder. ``name`` makes the file another name of ``to``; ``separate`` makes a name of
    several a file of its own. ``delete`` removes a file or a link, ``clear`` a folder that has become empty;
    one that has not gets ``mode``. Parents that both leave empty go too, up to ``keep``.
    """

    do: Literal["write", "link", "name", "separate", "set", "folder", "fill", "delete", "clear"]
    path: str
    mode: Annotated[str, msgspec.Meta(pattern="^[0-7]{4}$")] | None = None
    blob: str | None = None
    keep: str = ROOT
    attributes: Attributes = NOTHING
    to: str = ""
    entries: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        if self.mode is None and self.do in ("write", "folder"):
            raise ValueError(f"{self.do} without a mode")
        if self.blob is None and self.do in ("write", "link"):
            raise ValueError(f"{self.do} without a blob")


@dataclass(frozen=True)
class _Changes:
    """All changes by path text, and what of the tree they make: new files, folders that will be there."""

    resource: str
    live: Mapping[str, Fact]
    target: Mapping[str, Fact]
    kept: Collection[str] = ()
    """The kinds of attributes that were captured on both sides."""
    attributes: dict[str, dict[str, FactChange]] = field(default_factory=dict)
    """Their changes, by path and kind."""
    files: dict[str, FileChange] = field(default_factory=dict)
    modes: dict[str, FactChange] = field(default_factory=dict)
    folders: dict[str, FactChange] = field(default_factory=dict)
    new_files: set[str] = field(default_factory=set)
    lasting: set[str] = field(default_factory=set)


def plan_files(request: PlanRequest) -> list[Action]:
    """Actions for all changes of files and of their metadata; facts of other kinds are not looked at."""
    changes = _changes(request)
    filled = _filled(changes)
    actions = [_fill(changes, top, below) for top, below in filled.items()]
    told = {path for below in filled.values() for path in below}
    paths = (changes.files.keys() | changes.modes.keys() | changes.attributes.keys()) - told
    actions += [action for path in paths for action in _file_actions(changes, path)]
    actions += filter(None, (_folder_action(changes, path) for path in changes.folders.keys() - told))
    return sorted(actions, key=lambda action: (action.rank, action.subject))


def _changes(request: PlanRequest) -> _Changes:
    kept = {*request.live_hints.get(KEEP, ())} & {*request.target_hints.get(KEEP, ())}
    changes = _Changes(request.resource, request.live, request.target, kept)
    changes.files.update((to_text(change.path), change) for change in request.changes.files)
    for change in request.changes.facts:
        kind, _, path = change.id.partition(":")
        if kind == DIR:
            changes.folders[path] = change
        elif kind == MODE:
            changes.modes[path] = change
        elif kind in kept:
            changes.attributes.setdefault(path, {})[kind] = change
    changes.new_files.update(path for path, change in changes.files.items() if change.before is None)
    made = {path for path, change in changes.folders.items() if change.after}
    parents = {path.rpartition("/")[0] for path in changes.new_files} - {""}
    changes.lasting.update(made, parents, *map(ancestors, parents | made))
    for path in changes.lasting if OWNER in kept else ():
        # One that is made belongs to the owner that its folder has at that moment, which may be new as well.
        folders = (*ancestors(path), ROOT)
        owners = {wanted(f, side, kept).owner for f in folders for side in (changes.live, changes.target)}
        if owners != {wanted(path, changes.target, kept).owner}:
            changes.attributes.setdefault(path, {})
    return changes


def _filled(changes: _Changes) -> dict[str, list[str]]:
    """New files and folders by the folder that gets them all; with attributes, each has its own action."""
    if changes.kept:
        return {}
    folders = {path for path, change in changes.folders.items() if change.before is None}
    files = (changes.files.keys() | changes.modes.keys()) - changes.new_files
    others = files | (changes.folders.keys() - folders)
    return topmost(changes.new_files, folders - {ROOT}, others - {ROOT})


def _fill(changes: _Changes, top: str, paths: list[str]) -> Action:
    entries = tuple(_entry(changes, top, path) for path in paths)
    files = sum(entry.blob is not None for entry in entries)
    what = "1 file" if files == 1 else f"{files:,} files"
    return _action(
        changes,
        Verb.CREATE,
        Step("fill", top, entries=entries),
        f"create {what} below {top}",
        f"write {what} below {top}",
        undo=f"delete these {what}",
        rank=_FILES,
    )


def _entry(changes: _Changes, top: str, path: str) -> Entry:
    change = changes.files.get(path)
    below = path[len(top) + 1 :]
    if change is None or change.after is None:
        folder = changes.folders[path].after
        return Entry(below, folder.attrs["mode"] if folder else FOLDER_MODE, None)
    after = change.after
    fact = changes.target.get(f"{MODE}:{path}")
    mode = None if after.mode == LINK else fact.attrs["mode"] if fact else file_mode(after)
    return Entry(below, mode, after.oid)


def _file_actions(changes: _Changes, path: str) -> Iterator[Action]:
    change = changes.files.get(path)
    was, mode = _modes(changes, path, change)
    names = changes.attributes.get(path, {}).get(HARDLINK)
    after = change.after if change else None
    if change is not None and after is None:
        yield _delete(changes, path, was, change.before)
        if path in changes.lasting and path in changes.attributes:
            yield _set_attributes(changes, path)
    elif HARDLINK in changes.kept and (other := changes.target.get(f"{HARDLINK}:{path}")):
        if names or (change and not _same_content(change)):
            yield _name(changes, path, other.attrs["to"])
    elif change is not None and after is not None and not _same_content(change):
        yield _write(changes, path, change.before, after, was, mode)
    elif names:
        yield _separate(changes, path, mode if change or path in changes.modes else None)
    elif change is not None or path in changes.modes:
        yield _set_mode(changes, path, was, mode)
    else:
        yield _set_attributes(changes, path)


def _modes(changes: _Changes, path: str, change: FileChange | None) -> tuple[str, str]:
    """The permission bits of a file before and after; those of a file that is not there mean nothing."""
    before, after = (change.before, change.after) if change else (None, None)
    known = changes.live.get(f"{MODE}:{path}"), changes.target.get(f"{MODE}:{path}")
    # Without a change of its own a file is as executable as it was, which a fact about it tells.
    usual = next((_usual(fact) for fact in known if fact), "0644")
    was, mode = (
        fact.attrs["mode"] if fact else file_mode(blob) if blob else usual
        for fact, blob in zip(known, (before, after), strict=True)
    )
    return was, mode


def _usual(fact: Fact) -> str:
    return "0755" if int(fact.attrs["mode"], 8) & 0o100 else "0644"


def _same_content(change: FileChange) -> bool:
    before, after = change.before, change.after
    return bool(before and after and before.oid == after.oid and LINK not in (before.mode, after.mode))


def _set_mode(changes: _Changes, path: str, was: str, mode: str) -> Action:
    return _action(
        changes,
        Verb.ALTER,
        Step("set", path, mode=mode, attributes=wanted(path, changes.target, changes.kept)),
        f"set mode {mode} on {path} (now {was})",
        f"chmod {mode} {path}",
        undo=f"chmod {was} {path}",
        rank=_MODES,
    )


def _set_attributes(changes: _Changes, path: str) -> Action:
    after, before = (wanted(path, side, changes.kept) for side in (changes.target, changes.live))
    words = f"{path}: {', '.join(told(after)) or 'no extended attributes'}"
    return _action(
        changes,
        Verb.ALTER,
        Step("set", path, attributes=after),
        f"set {words}",
        f"set {words}",
        undo=f"set {path}: {', '.join(told(before)) or 'no extended attributes'}",
        rank=_MODES,
    )


def _name(changes: _Changes, path: str, to: str) -> Action:
    words = f"make {path} a hard link to {to}"
    step, undo = Step("name", path, to=to), f"write {path}"
    return _action(changes, Verb.ALTER, step, words, f"ln -f {to} {path}", undo=undo, rank=_NAMES)


def _separate(changes: _Changes, path: str, mode: str | None) -> Action:
    step = Step("separate", path, mode, attributes=wanted(path, changes.target, changes.kept))
    words = f"make {path} a file of its own, no hard link"
    return _action(changes, Verb.ALTER, step, words, words, undo=f"make {path} a hard link", rank=_NAMES)


def _delete(changes: _Changes, path: str, was: str, before: Blob | None) -> Action:
    in_the_way = path in changes.lasting or _below_new_file(changes, path)
    return _action(
        changes,
        Verb.DROP,
        Step("delete", path, keep=_nearest_kept(path, changes.target)),
        f"delete {_noun(before)} {path}",
        f"delete {path}",
        undo=_putting(path, before, was),
        rank=_IN_THE_WAY if in_the_way else _DELETIONS,
    )


def _write(changes: _Changes, path: str, before: Blob | None, after: Blob, was: str, mode: str) -> Action:
    link = after.mode == LINK
    attributes = NOTHING if link else wanted(path, changes.target, changes.kept)
    step = Step("link" if link else "write", path, None if link else mode, after.oid, attributes=attributes)
    verb, words = _wording(before, after)
    return _action(
        changes,
        verb,
        step,
        words.format(before=_noun(before), after=_noun(after), path=path),
        _putting(path, after, mode),
        undo=_putting(path, before, was) if before else f"delete {path}",
        rank=_LINKS if link else _FILES,
    )


def _wording(before: Blob | None, after: Blob) -> tuple[Verb, str]:
    if before is None:
        return Verb.CREATE, "create {after} {path}"
    if _noun(before) != _noun(after):
        return Verb.REPLACE, "replace {before} {path} by a {after}"
    return Verb.ALTER, "change {after} {path}"


def _noun(blob: Blob | None) -> str:
    return "link" if blob and blob.mode == LINK else "file"


def _putting(path: str, blob: Blob | None, mode: str) -> str:
    if blob and blob.mode == LINK:
        return f"link {path} (target: blob {blob.oid[:12]})"
    return f"write {path} (mode {mode})"


def _folder_action(changes: _Changes, path: str) -> Action | None:
    change = changes.folders[path]
    was = change.before.attrs["mode"] if change.before else FOLDER_MODE
    if change.after is not None:
        return _make_folder(changes, path, was, change.after.attrs["mode"], new=change.before is None)
    if path not in changes.lasting:
        return _clear_folder(changes, path, was)
    return None if was == FOLDER_MODE else _make_folder(changes, path, was, FOLDER_MODE, new=False)


def _make_folder(changes: _Changes, path: str, was: str, mode: str, *, new: bool) -> Action:
    return _action(
        changes,
        Verb.CREATE if new else Verb.ALTER,
        Step("folder", path, mode=mode),
        f"folder {path} with mode {mode}" if new else f"set mode {mode} on folder {path} (now {was})",
        f"mkdir -p {path} (mode {mode})" if new else f"chmod {mode} {path}",
        undo=f"rmdir {path} if empty, else chmod {FOLDER_MODE}" if new else f"chmod {was} {path}",
        rank=_FOLDERS - (path == ROOT),
    )


def _clear_folder(changes: _Changes, path: str, was: str) -> Action:
    """A folder the target says nothing about: it goes, unless files that no change names are in it."""
    in_the_way = path in changes.new_files or _below_new_file(changes, path)
    children_first = _DEEPEST - len(ancestors(path)) if path != ROOT else _DEEPEST + 1
    mode = None if path == ROOT or was == FOLDER_MODE else FOLDER_MODE
    return _action(
        changes,
        Verb.DROP,
        Step("clear", path, mode=mode, keep=_nearest_kept(path, changes.target)),
        f"remove folder {path} if nothing is left in it" + (f", else set mode {mode}" if mode else ""),
        f"rmdir {path}" + (f" if empty, else chmod {mode}" if mode else ""),
        undo=f"mkdir -p {path} (mode {was})",
        rank=(_IN_THE_WAY if in_the_way else _EMPTIED) + children_first,
    )


def _action(
    changes: _Changes, verb: Verb, step: Step, summary: str, statement: str, *, undo: str, rank: int
) -> Action:
    return Action(
        resource=changes.resource,
        verb=verb,
        subject=step.path,
        summary=summary,
        statements=(statement,),
        payload=msgspec.to_builtins(step),
        undo=(undo,),
        hazards=_owner_hazards(step),
        rank=rank,
    )


def _owner_hazards(step: Step) -> tuple[Hazard, ...]:
    if step.attributes.owner is None or may_own(step.attributes.owner):
        return ()
    text = f"only root can give {step.path} to {step.attributes.owner}"
    return (Hazard(HazardName.UNVERIFIABLE, text),)


def _below_new_file(changes: _Changes, path: str) -> bool:
    return not changes.new_files.isdisjoint(ancestors(path))


def _nearest_kept(path: str, target: Mapping[str, Fact]) -> str:
    """The closest folder above that the target has on record; the root is never removed along the way."""
    return next((folder for folder in ancestors(path) if f"{DIR}:{folder}" in target), ROOT)
