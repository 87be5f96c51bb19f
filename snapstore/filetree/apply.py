"""Actions on files, run below a folder.

Actions run in batches, each of which is one entry of the journal. Files are written with all contents of a
batch beside their places, then to disk, then the renames. A kill between any two calls leaves each file old
or new; running the same actions again completes them.

A few files are brought to disk one by one, many by one flush of the file system: that is faster by far,
but waits for whatever a busy database has written there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby, takewhile
from pathlib import Path

import msgspec

from snapstore import forked, safewrite
from snapstore.adapter import ApplyContext
from snapstore.below import Folders, Root
from snapstore.errors import SnapError
from snapstore.filetree import newfolders
from snapstore.filetree.attributes import give
from snapstore.filetree.facts import ROOT, ancestors
from snapstore.filetree.plan import Step
from snapstore.model import Action
from snapstore.paths import from_text

_Todo = tuple[Action, Step]

_BATCH = 4000
_PART = 100
"""Files that one process stages at a time."""
_FEW = 32
_BLOCK = 1 << 20


def apply_files(root: Path, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run actions of :func:`snapstore.filetree.plan_files` below ``root``, in their order, durably.

    SnapError names the file that could not be changed; what was finished before it stays.
    """
    todo = [(action, _step(action)) for action in actions]
    for do, together in groupby(todo, key=lambda item: item[1].do):
        alike = list(together)
        for start in range(0, len(alike), _BATCH):
            batch = alike[start : start + _BATCH]
            context.journal.started(*[action for action, _ in batch])
            with Folders(root) as folders:
                _RUNS[do](folders, batch, context)
        if do == "delete":
            _prune(root, [step for _, step in alike])
    _make_durable(root, [step.path for _, step in todo])
    context.journal.committed()


def tidy_files(root: Path, actions: Sequence[Action]) -> None:
    """Remove the contents that a killed :func:`apply_files` had put beside their places."""
    for step in map(_step, actions):
        if step.do in ("write", "link", "name", "separate"):
            safewrite.discard(root, from_text(step.path))
        elif step.do == "fill":
            for path in newfolders.staged_folders(step.path, step.entries):
                safewrite.remove_tree(root, path)
            for one in _one_by_one(step, step.entries):
                safewrite.discard(root, from_text(one.path))


def _step(action: Action) -> Step:
    try:
        return msgspec.convert(action.payload, Step)
    except msgspec.ValidationError as error:
        raise SnapError(
            f"the plan has an action on files that makes no sense: {error}",
            where=action.resource,
            fix="make it again with `snap plan`",
        ) from error


def _write(root: Folders, batch: list[_Todo], context: ApplyContext) -> None:
    with _staged(root, [step for _, step in batch], context):
        _each(batch, context, lambda step: safewrite.publish(root, from_text(step.path)))


@contextmanager
def _staged(root: Folders, steps: list[Step], context: ApplyContext) -> Iterator[None]:
    """All contents are beside their places, and gone from there when something fails."""
    try:
        _stage(root, steps, context)
        yield
    except BaseException:
        for step in steps:
            safewrite.discard(root, from_text(step.path))
        raise


def _fill(root: Folders, batch: list[_Todo], context: ApplyContext) -> None:
    """All new folders are written before the first of them is in its place."""
    wanted = [(step.path, step.entries) for _, step in batch]
    with newfolders.made(root, wanted, partial(_small_or_pieces, context)) as makings:
        ready = iter(makings)
        _each(batch, context, lambda step: _fill_one(root, step, next(ready), context))


def _fill_one(root: Folders, step: Step, making: newfolders.Making, context: ApplyContext) -> None:
    newfolders.publish(root, making)
    context.wrote(making.wrote)
    steps = _one_by_one(step, making.others)
    writes = [one for one in steps if one.do == "write"]
    with _staged(root, writes, context):
        for one in writes:
            safewrite.publish(root, from_text(one.path))
    for one in steps:
        if one.do != "write":
            _change_one(root, one, context)


def _one_by_one(step: Step, entries: Sequence[newfolders.Entry]) -> list[Step]:
    """What makes these entries where their folders are there."""
    return [
        Step(
            "link" if entry.mode is None else "folder" if entry.blob is None else "write",
            f"{step.path}/{entry.path}".rstrip("/"),
            entry.mode,
            entry.blob,
        )
        for entry in entries
    ]


def _stage(root: Folders, steps: list[Step], context: ApplyContext) -> None:
    """Write all contents beside their places, and to disk."""
    if len(steps) <= _FEW:
        for step in steps:
            _stage_one(root, step, context, durable=True)
        return
    parts = [steps[start : start + _PART] for start in range(0, len(steps), _PART)]
    for number, barred in forked.each(lambda part: _stage_part(root.root, part, context), parts):
        for place in barred:
            _stage_one(root, parts[number][place], context)
    safewrite.flush(root.root)


def _stage_part(root: Path, steps: list[Step], context: ApplyContext) -> list[int]:
    """Those that could not be staged for lack of permission are given back.

    A folder that its owner may not write to is opened by one process, and may be closed again under another.
    """
    barred = []
    with Folders(root) as folders:
        for place, step in enumerate(steps):
            try:
                _stage_one(folders, step, context)
            except SnapError as error:
                if not isinstance(error.__cause__, PermissionError):
                    raise
                barred.append(place)
    return barred


def _stage_one(root: Folders, step: Step, context: ApplyContext, *, durable: bool = False) -> None:
    safewrite.stage(
        root,
        from_text(step.path),
        _content(context, step.blob or ""),
        _bits(step),
        durable=durable,
        finish=partial(give, attributes=step.attributes, mode=_bits(step)) if step.attributes else None,
    )


def _change(root: Folders, batch: list[_Todo], context: ApplyContext) -> None:
    _each(batch, context, lambda step: _change_one(root, step, context))


def _change_one(root: Folders, step: Step, context: ApplyContext) -> None:
    path = from_text(step.path)
    if step.do == "link":
        safewrite.symlink(root, path, b"".join(_content(context, step.blob or "")))
    elif step.do == "folder":
        safewrite.make_directory(root, path, _bits(step))
    elif step.do == "name":
        safewrite.link(root, path, from_text(step.to))
    elif step.do == "separate":
        _separate(root, path, step)
    else:
        mode = int(step.mode, 8) if step.mode else None
        safewrite.change(root, path, partial(give, attributes=step.attributes, mode=mode))


def _separate(root: Folders, path: str, step: Step) -> None:
    """Put a copy of the file in the place of its name. The others keep what they name."""
    content, mode = safewrite.read(root, path)
    mode = _bits(step) if step.mode else mode
    finish = partial(give, attributes=step.attributes, mode=mode)
    safewrite.stage(root, path, [content], mode, durable=True, finish=finish)
    safewrite.publish(root, path, durable=True)


def _delete(root: Folders, batch: list[_Todo], context: ApplyContext) -> None:
    _each(batch, context, lambda step: safewrite.remove(root, from_text(step.path)))


def _clear(root: Folders, batch: list[_Todo], context: ApplyContext) -> None:
    def clear(step: Step) -> None:
        path = from_text(step.path)
        if safewrite.remove_directory(root, path):
            _prune(root, [step])
        elif step.mode:
            safewrite.set_mode(root, path, _bits(step))

    _each(batch, context, clear)


def _each(batch: list[_Todo], context: ApplyContext, run: Callable[[Step], None]) -> None:
    """One step after the other. The journal is told what was finished, also when one of them fails."""
    done: list[Action] = []
    try:
        for action, step in batch:
            run(step)
            done.append(action)
    finally:
        if done:
            context.journal.finished(*done)


def _prune(root: Root, removed: list[Step]) -> None:
    """Remove folders that only existed for what was in them: the target cannot have them empty."""
    folders = {folder for step in removed for folder in _up_to(step.path, step.keep)}
    for folder in sorted(folders, key=lambda path: path.count("/"), reverse=True):
        safewrite.remove_directory(root, from_text(folder))


def _up_to(path: str, keep: str) -> Iterator[str]:
    return takewhile(lambda folder: folder != keep, ancestors(path))


def _small_or_pieces(context: ApplyContext, oid: str) -> bytes | Iterator[bytes]:
    small = context.small_blob(oid)
    return _content(context, oid) if small is None else small


def _content(context: ApplyContext, oid: str) -> Iterator[bytes]:
    with context.open_blob(oid) as blob:
        while piece := blob.read(_BLOCK):
            yield piece


def _make_durable(root: Path, paths: list[str]) -> None:
    """What was renamed, made and removed, which is in the folders above each path."""
    if len(paths) > _FEW and root.exists():
        safewrite.flush(root)
    elif len(paths) <= _FEW:
        for folder in {folder for path in paths for folder in (ROOT, *ancestors(path))}:
            safewrite.flush_folder(root, from_text(folder))


def _bits(step: Step) -> int:
    return int(step.mode or "", 8)


_RUNS: dict[str, Callable[[Folders, list[_Todo], ApplyContext], None]] = {
    "write": _write,
    "link": _change,
    "folder": _change,
    "fill": _fill,
    "name": _change,
    "separate": _change,
    "set": _change,
    "delete": _delete,
    "clear": _clear,
}
