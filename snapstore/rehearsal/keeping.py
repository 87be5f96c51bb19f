"""Proofs of rehearsals: sealed, read, and kept in the store until a plan asks for its own.

A proof is for one plan from one state to another. It is sealed with the store's key, so that nobody without
that key can write one or change a byte of it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import msgspec

from snapstore.canonical import dumps
from snapstore.errors import SnapError
from snapstore.model import SEALED, Plan
from snapstore.plan import essence
from snapstore.rehearsal.proof import Proof
from snapstore.secrets import Keys
from snapstore.store import Store
from snapstore.store.durable import writing

FILE = "rehearsal.json"
NOTE = "@rehearsal"
_PLACE = ("rehearsal", "proof")
_ID = 16


class Kept(NamedTuple):
    """A proof that is there for the plan or the one to the same target that came nearest, or what is wrong
    with it."""

    proof: Proof | None = None
    problem: str = ""


def sealed(proof: Proof, keys: Keys) -> Proof:
    """The proof with its seal. SnapError without a key."""
    return msgspec.structs.replace(proof, seal=keys.seal(*_PLACE, _digest(proof)))


def encode(proof: Proof) -> bytes:
    return dumps(proof)


def decode(data: bytes, keys: Keys) -> Proof:
    """The proof in these bytes. SnapError when they are none, or were changed after it was made."""
    try:
        proof = msgspec.convert(json.loads(data), Proof)
    except (ValueError, RecursionError) as error:
        raise SnapError(f"this is no proof of a rehearsal: {error}", fix=_AGAIN) from None
    try:
        whole = keys.unseal(*_PLACE, proof.seal.get(SEALED, "")) == _digest(proof)
    except SnapError as error:
        raise SnapError(f"the proof of the rehearsal cannot be checked: {error.what}", fix=_AGAIN) from None
    if not whole or encode(proof) != data:
        raise SnapError("the proof of the rehearsal was edited", fix=_AGAIN)
    return proof


_AGAIN = "rehearse it again with `snap rehearse`"


def _digest(proof: Proof) -> bytes:
    bare = msgspec.structs.replace(proof, seal={})
    return hashlib.sha256(dumps(bare)).hexdigest().encode()


def is_for(proof: Proof, plan: Plan) -> bool:
    """Whether it is this plan that was rehearsed, from this state; numbers of rows may have moved."""
    return proof.essence == essence(plan)


# In the store


def keep(store: Store, proof: Proof) -> Path:
    """Write it where :func:`find` looks, in place of the one of an earlier rehearsal of the same; and beside
    the snapshots that it leads to and, where that is the last one, from: there it travels to other stores."""
    head = store.head()
    from_head = head if head and store.info(head).tree == proof.base.tree else None
    for commit in {proof.target.commit, from_head} - {None}:
        store.annotate(str(commit), NOTE, msgspec.to_builtins(proof))
    path = _folder(store) / f"{proof.essence[:_ID]}.json"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_bytes(encode(proof))
        half.replace(path)
    return path


def find(store: Store, keys: Keys, plan: Plan) -> Kept:
    """The proof that was kept for this plan; else why the one to the same target is not for it."""
    path = _folder(store) / f"{essence(plan)[:_ID]}.json"
    if path.is_file():
        try:
            proof = decode(path.read_bytes(), keys)
        except SnapError as error:
            return Kept(problem=f"{path.name}: {error.what}")
        return Kept(proof) if is_for(proof, plan) else Kept(problem=f"{path.name} is for another plan")
    others = [proof for proof in kept(store, keys) if proof.target.tree == plan.target.tree]
    others += noted(store, keys, plan.target.commit)
    if not others:
        return Kept()
    if is_for(others[-1], plan):
        return Kept(others[-1])
    return Kept(problem=f"the rehearsal of {others[0].time} was of another state or plan")


def kept(store: Store, keys: Keys) -> list[Proof]:
    """All proofs that are whole, the newest first."""
    found = []
    for path in _folder(store).glob("*.json"):
        try:
            found.append(decode(path.read_bytes(), keys))
        except SnapError:
            continue
    return sorted(found, key=lambda proof: proof.time, reverse=True)


def noted(store: Store, keys: Keys, commit: str | None) -> list[Proof]:
    """The proof that lies beside a snapshot, from whichever store it came; [] where there is none that is
    whole."""
    value = store.snapshot(commit).hints.get(NOTE) if commit else None
    try:
        return [decode(dumps(value), keys)] if value else []
    except SnapError:
        return []


def _folder(store: Store) -> Path:
    return store.workspace("rehearsals")
