"""Which snapshots of a branch are kept, and how the others leave its history without changing any id.

A snapshot that stays while the one before it goes becomes *shallow*, which is Git's own word for a commit
whose parents are not there: Git's file ``shallow`` lists it. The next older one that stays is what
``refs/snapstore/before/ID`` points at: so it is not lost, and to us it is the parent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from snapstore.store import commits, durable
from snapstore.store.commits import CommitInfo
from snapstore.store.cuts import BEFORE
from snapstore.store.objects import StoreObjects
from snapstore.store.refs import HEADS, Refs

_REMOTES = "refs/remotes/"
_TRACKED = "refs/remotes/origin/"
_PROPOSED = "refs/remotes/origin/rollback/"
_OURS = (BEFORE, "refs/notes/", "refs/snapstore/keys")
_DAY = 86_400


class Keep(NamedTuple):
    """What stays: the newest ``last``, the newest of each of the ``daily`` latest days that have any, and
    those with a tag."""

    last: int
    daily: int = 0
    tagged: bool = True


class Retention(NamedTuple):
    """What a rule makes of a branch: the snapshots that stay and that go, newest first."""

    branch: str
    stays: list[CommitInfo]
    goes: list[CommitInfo]


def decide(objects: StoreObjects, refs: Refs, keep: Keep, needed: Collection[str], shared: bool) -> Retention:
    """What goes from the current branch by a rule. Nothing that anything else needs does: another branch, a
    tag, a safety snapshot, ``needed``, or, where the store is ``shared``, the next push."""
    branch = refs.target("HEAD")
    tip = refs.read(branch)
    history = list(commits.walk(objects, tip, {})) if tip else []
    stays = _by_rule(history, keep, _tagged(objects, refs))
    stays |= _by_others(objects, refs, branch, {info.commit for info in history}) | set(needed)
    stays |= _unpushed(history, refs, branch) if shared else set()
    return Retention(
        branch,
        [info for info in history if info.commit in stays],
        [info for info in history if info.commit not in stays],
    )


def _by_rule(history: Sequence[CommitInfo], keep: Keep, tagged: Collection[str]) -> set[str]:
    stays = {info.commit for info in history[: keep.last]}
    days: dict[int, str] = {}
    for info in history:
        days.setdefault((info.time + 60 * info.tz) // _DAY, info.commit)
    stays.update(days[day] for day in sorted(days, reverse=True)[: keep.daily])
    return stays | (set(tagged) if keep.tagged else set())


def _tagged(objects: StoreObjects, refs: Refs) -> set[str]:
    return {commits.peel_if(objects, oid) for oid in refs.all("refs/tags/").values()}


def _by_others(objects: StoreObjects, refs: Refs, branch: str, history: Collection[str]) -> set[str]:
    """Of a branch, all of its history; of other refs into the history of this one, what they point at."""
    own = (branch, _TRACKED + branch.removeprefix(HEADS))
    found: set[str] = set()
    for name, oid in refs.all().items():
        commit = commits.peel_if(objects, oid)
        if name.startswith(_OURS):
            continue
        if name.startswith(_PROPOSED):
            found |= _proposed(objects, name, commit, history)
        elif name in own or (commit in history and not name.startswith((HEADS, _REMOTES))):
            found.update([] if name.startswith("refs/tags/") else [commit])
        elif objects.has(commit):
            found.update(info.commit for info in commits.walk(objects, commit, {}))
    return found


def _proposed(objects: StoreObjects, name: str, commit: str, history: Collection[str]) -> set[str]:
    """The snapshot that a proposal was made on, and the one it leads to, which its branch is named after."""
    target = name.removeprefix(_PROPOSED).rpartition("-")[0]
    onto = commits.read(objects, commit).parents if objects.has(commit) else ()
    return {*onto, *(found for found in history if target and found.startswith(target))}


def _unpushed(history: Sequence[CommitInfo], refs: Refs, branch: str) -> set[str]:
    """What a push has to bring, since it must not bring a commit without the one before it."""
    pushed = refs.all(_TRACKED).get(_TRACKED + branch.removeprefix(HEADS))
    names = [info.commit for info in history]
    return set(names[: names.index(pushed) + 1] if pushed in names else names)


def carry_out(objects: StoreObjects, refs: Refs, root: Path, retention: Retention) -> None:
    """Take what goes out of the history of its branch, durably; the objects stay until they are collected.

    Nobody may move a ref meanwhile. Killed at any moment, the branch has the old history or the new one.
    """
    gone = {info.commit for info in retention.goes}
    links = _links(retention.stays, gone)
    for commit, before in links.items():
        if before is not None:
            refs.put(BEFORE + commit, before)
    _write_shallow(objects, root, links)
    refs.forget(gone)
    for commit in gone | {commit for commit, before in links.items() if before is None}:
        refs.drop(BEFORE + commit)
    objects.reread_cuts()


def _links(stays: Sequence[CommitInfo], gone: Set[str]) -> dict[str, str | None]:
    """From the first on whose parent goes, what stays is one line: each with the one that comes before it."""
    links: dict[str, str | None] = {}
    older = [*(info.commit for info in stays[1:]), None]
    for info, before in zip(stays, older, strict=True):
        wanted = (before,) if before else ()
        if (links or not gone.isdisjoint(info.parents)) and info.parents != wanted:
            links[info.commit] = before
    return links


def _write_shallow(objects: StoreObjects, root: Path, links: Mapping[str, str | None]) -> None:
    known = {commit for commit in objects.cuts if objects.has(commit)}
    content = "".join(f"{commit}\n" for commit in sorted(known | links.keys()))
    with durable.writing(root):
        durable.write_file(root / "shallow", content.encode(), mode=0o644)
