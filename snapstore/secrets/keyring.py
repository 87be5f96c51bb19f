"""The keys of one store: each data key wrapped to every recipient, as the file ``keys.json``.

The first key is the current one, with which values are sealed; the others only unseal. ``mac`` is an
HMAC under the current key over everything else: without that key nobody can slip in a recipient to whom
the next key would be wrapped.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import msgspec

from snapstore.errors import SnapError
from snapstore.secrets import age
from snapstore.secrets.sealing import KEY_BYTES, key_id

FORMAT = 1


class WrappedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data key that only the recipients can read: an armored age file."""

    id: str
    wrapped: str


class Keyring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``recipients`` maps each public key to words that say whose it is."""

    recipients: dict[str, str]
    keys: tuple[WrappedKey, ...]
    mac: str = ""
    format: int = FORMAT


class _Header(msgspec.Struct):
    format: int


def make(recipients: Mapping[str, str], keys: Sequence[bytes]) -> Keyring:
    """A keyring in which every recipient can read every key; ``keys[0]`` becomes the current one."""
    names = sorted(recipients)
    wrapped = tuple(WrappedKey(key_id(key), age.wrap(key, names)) for key in keys)
    ring = Keyring({name: recipients[name] for name in names}, wrapped)
    return msgspec.structs.replace(ring, mac=_mac(ring, keys[0]))


def open_with(ring: Keyring, secrets: Sequence[str]) -> tuple[bytes, ...] | None:
    """All data keys, the current one first, or None when none of the age secret keys is a recipient's."""
    found = [age.unwrap(item.wrapped, secrets) for item in ring.keys] if secrets else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        return None
    if [key_id(key) for key in keys] != [item.id for item in ring.keys] or len(keys[0]) != KEY_BYTES:
        raise _damaged("its keys are not those that it names")
    if not hmac.compare_digest(ring.mac, _mac(ring, keys[0])):
        raise _damaged("it was changed by somebody who does not have the key")
    return keys


def encode(ring: Keyring) -> bytes:
    """The file: sorted, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(ring, order="sorted"), indent=2) + b"\n"


def decode(data: bytes) -> Keyring:
    """The keyring in a file. SnapError when it is damaged or of a newer format."""
    try:
        if msgspec.json.decode(data, type=_Header).format > FORMAT:
            raise SnapError(
                "the store's keys were written by a newer snapstore", fix="upgrade snapstore here"
            )
        ring = msgspec.json.decode(data, type=Keyring)
    except msgspec.MsgspecError:
        raise _damaged("it cannot be read") from None
    if not ring.keys or not ring.recipients:
        raise _damaged("it is empty")
    return ring


def _mac(ring: Keyring, key: bytes) -> str:
    own = hmac.digest(key, b"snapstore keyring", hashlib.sha256)
    covered = encode(msgspec.structs.replace(ring, mac=""))
    return hmac.new(own, covered, hashlib.sha256).hexdigest()


def _damaged(reason: str) -> SnapError:
    return SnapError(
        f"the keyring of the store is damaged: {reason}",
        where="refs/snapstore/keys: keys.json",
        fix="fetch it again, or go back to a version you trust: git log -p refs/snapstore/keys",
    )
