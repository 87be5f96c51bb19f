"""Who may read the keys of a store: adding and removing recipients, rotating the data key."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from snapstore.errors import SnapError
from snapstore.secrets import age, keyref, keyring
from snapstore.secrets import identity as identities
from snapstore.secrets.keys import VARIABLE, given_keys, no_key, unwrap
from snapstore.secrets.sealing import KEY_BYTES, key_id


@dataclass(frozen=True)
class Overview:
    """What may be told about the keys of a store: public keys and ids only.

    ``keys`` are the ids of all data keys, the current one first; ``usable`` those this machine can read.
    """

    recipients: dict[str, str]
    keys: list[str]
    usable: list[str]
    identity: Path
    own: str | None
    from_environment: bool


def overview(store: Path, env: Mapping[str, str]) -> Overview:
    """What is there, whether or not this machine can use it."""
    stored = keyref.read(store)
    ring = keyring.decode(stored.data) if stored else None
    given = [key_id(key) for key in given_keys(env)]
    usable = [*given, *(key_id(key) for key in unwrap(stored, env))]
    listed = [*given, *(key.id for key in ring.keys)] if ring else given
    mine = identities.read(env)
    return Overview(
        recipients=ring.recipients if ring else {},
        keys=list(dict.fromkeys(listed)),
        usable=list(dict.fromkeys(usable)),
        identity=identities.path_of(env),
        own=mine.recipients[0] if mine else None,
        from_environment=bool(given),
    )


def add(store: Path, env: Mapping[str, str], recipient: str, name: str = "") -> bool:
    """Let somebody read all data keys of the store; False when they already could.

    Where the key was only in $SNAPSTORE_KEY so far, this puts it, wrapped, into the store.
    """
    age.check_recipient(recipient)
    stored, recipients, keys = _open(store, env)
    if recipients.get(recipient) == name or (recipient in recipients and not name):
        return False
    _replace(store, stored, {**recipients, recipient: name}, keys, f"Add recipient {recipient}")
    return True


def remove(store: Path, env: Mapping[str, str], recipient: str) -> str:
    """Take a recipient (public key, or the name it was added with) away and rotate; the new key's id.

    What was sealed before stays readable to the one removed, who may have kept the old keys.
    """
    _refuse_from_environment(env)
    stored, recipients, keys = _open(store, env)
    gone = _find(recipients, recipient)
    left = {key: name for key, name in recipients.items() if key != gone}
    if not left:
        raise SnapError(
            "the last recipient cannot be removed: nobody could restore sealed values any more",
            fix="add another one first: snap key add-recipient age1…",
        )
    return _rotated(store, stored, left, keys, f"Remove recipient {gone}")


def rotate(store: Path, env: Mapping[str, str]) -> str:
    """Make a new data key for all future sealing; the old ones stay to unseal. Returns the new key's id."""
    _refuse_from_environment(env)
    stored, recipients, keys = _open(store, env)
    return _rotated(store, stored, recipients, keys, "Rotate the data key")


def _rotated(
    store: Path,
    stored: keyref.Stored | None,
    recipients: Mapping[str, str],
    keys: Sequence[bytes],
    message: str,
) -> str:
    fresh = os.urandom(KEY_BYTES)
    _replace(store, stored, recipients, [fresh, *keys], message)
    return key_id(fresh)


def _open(
    store: Path, env: Mapping[str, str]
) -> tuple[keyref.Stored | None, dict[str, str], tuple[bytes, ...]]:
    """What the store holds, whom it is for, and the data keys, which this machine must be able to read."""
    stored = keyref.read(store)
    wrapped = unwrap(stored, env)
    keys = tuple(dict.fromkeys((*given_keys(env), *wrapped)))
    if not keys or (stored and not wrapped):
        raise no_key(store, env)
    return stored, dict(keyring.decode(stored.data).recipients) if stored else {}, keys


def _refuse_from_environment(env: Mapping[str, str]) -> None:
    if given_keys(env):
        raise SnapError(
            f"the key is taken from {VARIABLE}, so a new one in the store would not be used",
            fix=f"put a new key in front of the old one in {VARIABLE}, or unset it",
        )


def _replace(
    store: Path,
    stored: keyref.Stored | None,
    recipients: Mapping[str, str],
    keys: Sequence[bytes],
    message: str,
) -> None:
    data = keyring.encode(keyring.make(recipients, keys))
    if not keyref.write(store, data, message, stored):
        raise SnapError(
            "the keys of the store were changed by somebody else at the same time; nothing was changed here",
            where=str(store),
            fix="run the command again",
        )


def _find(recipients: Mapping[str, str], wanted: str) -> str:
    found = [key for key, name in recipients.items() if wanted in (key, name)]
    if len(found) == 1:
        return found[0]
    known = "\n  ".join(f"{key}  {name}".rstrip() for key, name in sorted(recipients.items()))
    raise SnapError(
        f"{wanted!r} is {'more than one recipient' if found else 'no recipient of this store'}",
        fix=f"recipients are:\n  {known}",
    )
