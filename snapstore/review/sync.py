"""Keeps a store and its remote the same: the branch of the environment, the hints and the wrapped keys.

All of them only ever grow, on either side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from snapstore.errors import SnapError
from snapstore.store import Store, remote
from snapstore.store.notes import REF as NOTES
from snapstore.store.refs import HEADS
from snapstore.store.remote import Move, Remote

TRACKED = "refs/remotes/origin/"
KEYS = "refs/snapstore/keys"


def pull(store: Store, where: Remote) -> dict[str, str]:
    """The refs of the remote; the branch, the hints and the keys here are brought up to what they are there.

    SnapError when each has snapshots that the other has not.
    """
    found = remote.refs(where)
    shared = [ref for ref in _shared(store) if ref in found]
    bring(store, where, [found[ref] for ref in shared])
    for ref in shared:
        _forward(store, where, ref, found[ref])
    return found


def _shared(store: Store) -> tuple[str, ...]:
    return HEADS + store.branch, NOTES, KEYS


def bring(store: Store, where: Remote, oids: list[str]) -> None:
    """Fetch those of these commits that the store does not have."""
    missing = [oid for oid in oids if not store.has(oid)]
    if missing:
        store.hold()
        remote.fetch(store.path, where, missing)


def _forward(store: Store, where: Remote, ref: str, there: str) -> None:
    here = store.refs(ref).get(ref)
    if here == there or (here and store.contains(here, there)):
        return
    if here is None or store.contains(there, here):
        if not store.move(ref, here, there, "pull: fast-forward"):
            raise SnapError(f"{ref} was moved by somebody else just now", fix="run the command again")
    elif ref != NOTES:  # hints only help to plan; the remote keeps its own then
        what = (
            "the keys have changes" if ref == KEYS else f"the branch {ref.removeprefix(HEADS)} has snapshots"
        )
        raise SnapError(
            f"{what} here that the remote has not, and the other way round",
            where=where.shown,
            fix=f"bring them together with Git in {store.path}: fetch, and merge or reset {ref}",
        )


def push(store: Store, where: Remote, seen: Mapping[str, str], more: Mapping[str, Move]) -> Collection[str]:
    """Push what is shared, where it only grows, and ``more`` with it; all is read back. The refs that moved.

    ``seen`` are the refs of the remote as :func:`pull` found them.
    """
    moves = dict(more)
    for ref in _shared(store):
        here, there = store.refs(ref).get(ref), seen.get(ref)
        if here and here != there and (there is None or _grows(store, here, there)):
            moves[ref] = Move(there, here)
    if moves:
        store.send_large(where, [move.new for ref, move in moves.items() if ref.startswith(HEADS)])
        remote.push(store.path, where, moves)
    for ref, move in moves.items():
        _track(store, ref, move.new)
    return moves.keys()


def _grows(store: Store, here: str, there: str) -> bool:
    return store.has(there) and store.contains(here, there)


def _track(store: Store, ref: str, new: str) -> None:
    """Remember where the remote has it, as Git does; it also keeps the objects from being pruned."""
    if ref.startswith(HEADS):
        tracked = TRACKED + ref.removeprefix(HEADS)
        store.move(tracked, store.refs(tracked).get(tracked), new, "push")
