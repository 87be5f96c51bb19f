"""The data keys that this machine can use with one store, and what can be done with them."""

from __future__ import annotations

import os
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snapstore.errors import SnapError
from snapstore.model import SEALED, FactChange, Json, Notice
from snapstore.secrets import identity as identities
from snapstore.secrets.redact import REDACTOR

if TYPE_CHECKING:
    from snapstore.secrets.keyref import Stored

VARIABLE = "SNAPSTORE_KEY"


class Keys:
    """Seals and unseals. The keys are looked up at the first use, so that having none costs nothing.

    ``notices`` tell what creating the keys did on this machine, for the user to read.
    """

    def __init__(self, load: Callable[[], Sequence[bytes]], notices: Sequence[Notice] = ()) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: dict[str, bytes] = {}
        self.notices = list(notices)

    @property
    def available(self) -> bool:
        """Whether values can be sealed here; False too when the key there is cannot be used."""
        try:
            return bool(self._by_id())
        except SnapError:
            return False

    def seal(self, resource: str, identity: str, value: bytes) -> dict[str, str]:
        """``{"$sealed": token}`` for a value at its place, known to the redactor. SnapError without a key."""
        from snapstore.secrets import sealing

        REDACTOR.add(value, sealed=True)

        current = next(iter(self._by_id().values()))
        return {SEALED: sealing.seal(current, resource, identity, value)}

    def unseal(self, resource: str, identity: str, token: str) -> bytes:
        """The value again, known to the redactor from now on.

        SnapError without the key that sealed it, or when the token was altered or moved.
        """
        from snapstore.secrets import sealing

        parsed = sealing.parse(token)
        keys = self._by_id()
        if parsed.key not in keys:
            raise _other_key(parsed.key, list(keys), f"{resource}: {identity}")
        value = sealing.unseal(keys[parsed.key], resource, identity, parsed)
        REDACTOR.add(value, sealed=True)
        return value

    def same(self, resource: str, identity: str, token_a: str, token_b: str) -> bool | None:
        """Whether two tokens of one place hold the same value; None where that cannot be told.

        Tokens differ although the values are equal after the data key was rotated.
        """
        if token_a == token_b:
            return True
        if token_a.rpartition(".")[0] == token_b.rpartition(".")[0]:
            return False  # one key gives one value one token
        try:
            return self.unseal(resource, identity, token_a) == self.unseal(resource, identity, token_b)
        except SnapError:
            return None

    def equal(self, resource: str, identity: str, a: Json, b: Json) -> bool:
        """Whether two JSON values of one place are equal, sealed parts compared by what they hold, also with
        a text in clear: other settings may seal other parts.

        Sealed parts that cannot be read here count as different unless their tokens are equal.
        """
        if a == b:
            return True
        if isinstance(a, str):
            a, b = b, a
        if isinstance(b, str):
            return self._holds(resource, identity, a, b)
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            if a.keys() == {SEALED}:
                return self.same(resource, identity, a[SEALED], b[SEALED]) is True
            return all(self.equal(resource, identity, a[key], b[key]) for key in a)
        if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            return all(self.equal(resource, identity, *pair) for pair in zip(a, b, strict=True))
        return False

    def _holds(self, resource: str, identity: str, sealed: Json, text: str) -> bool:
        if not isinstance(sealed, dict) or sealed.keys() != {SEALED}:
            return False
        try:
            value = self.unseal(resource, identity, sealed[SEALED])
        except SnapError:
            return False
        return value == text.encode("utf-8", "surrogateescape")

    def only_resealed(self, resource: str, change: FactChange) -> bool:
        """Whether a fact changed in nothing but the key that its secrets were sealed with, or whether they
        were."""
        before, after = change.before, change.after
        if before is None or after is None:
            return False
        same_place = (before.parent, before.needs) == (after.parent, after.needs)
        return same_place and self.equal(resource, change.id, before.attrs, after.attrs)

    def _by_id(self) -> dict[str, bytes]:
        """Data keys by id, the one to seal with first."""
        with self._lock:
            if not self._loaded:
                from snapstore.secrets.sealing import key_id

                self._loaded = {key_id(key): key for key in self._load()}
            return self._loaded


def open_keys(store: Path, env: Mapping[str, str]) -> Keys:
    """The keys of a store, looked up when first needed: $SNAPSTORE_KEY, else those wrapped in the store."""
    return Keys(lambda: data_keys(store, env))


def create_keys(store: Path, env: Mapping[str, str], *, anew: bool = False) -> Keys:
    """The keys of a store, made where that is safe: for a store in which nothing was taken yet.

    Makes this user's age identity too, where there is none. With ``$SNAPSTORE_KEY`` nothing is made. A store
    that has snapshots but no keys gets new ones only with ``anew``: more likely they have to be fetched.
    """
    from snapstore.secrets import keyref

    if given_keys(env):
        return open_keys(store, env)
    keyref.require_store(store)
    notices: list[Notice] = []
    mine = identities.read(env)
    if mine is None:
        mine = identities.create(env)
        notices.append(_backup_notice(mine.path))
    if keyref.read(store) is None and (anew or not keyref.has_snapshots(store)):
        _create_keyring(store, mine.recipients[0], env.get("USER") or env.get("LOGNAME", ""))
    return Keys(lambda: data_keys(store, env), notices)


def check(store: Path, env: Mapping[str, str]) -> list[Notice]:
    """For ``snap doctor``: what is wrong with the keys; [] when they are well."""
    path = identities.path_of(env)
    found = []
    if identities.readable_by_others(path):
        found.append(Notice("identity", f"{path} is open to other users; run: chmod 600 '{path}'"))
    try:
        found += _disagreement(given_keys(env), wrapped_keys(store, env))
        data_keys(store, env)
    except SnapError as error:
        found.append(Notice(error.where, f"{error.what}; {error.fix}"))
    return found


def data_keys(store: Path, env: Mapping[str, str]) -> tuple[bytes, ...]:
    """All data keys usable here, the one to seal with first; never empty. SnapError says what is missing."""
    given = given_keys(env)
    try:
        keys = (*given, *wrapped_keys(store, env))
    except SnapError:
        # A key in the environment is enough; what is wrong with the others is for `snap doctor` to tell.
        if not given:
            raise
        keys = given
    if not keys:
        raise no_key(store, env)
    for key in keys:
        REDACTOR.add(key)
    return tuple(dict.fromkeys(keys))


def wrapped_keys(store: Path, env: Mapping[str, str]) -> tuple[bytes, ...]:
    """The data keys wrapped in the store, () when there are none for this machine's identity."""
    from snapstore.secrets import keyref

    return unwrap(keyref.read(store), env)


def given_keys(env: Mapping[str, str]) -> tuple[bytes, ...]:
    """The data keys in $SNAPSTORE_KEY: base64 of 64 bytes each, the current one first."""
    words = env.get(VARIABLE, "").split()
    for word in words:
        REDACTOR.add(word)
    return tuple(_given_key(word) for word in words)


def unwrap(stored: Stored | None, env: Mapping[str, str]) -> tuple[bytes, ...]:
    """The data keys in a stored keyring, () when there are none for this machine's identity."""
    mine = identities.read(env) if stored else None
    if stored is None or mine is None:
        return ()
    from snapstore.secrets import keyring

    return keyring.open_with(keyring.decode(stored.data), mine.secrets) or ()


def _disagreement(given: Sequence[bytes], wrapped: Sequence[bytes]) -> list[Notice]:
    if not given or not wrapped or given[0] == wrapped[0]:
        return []
    text = "is not the key of the store, which the recipients have: they cannot unseal what is sealed here"
    return [Notice(VARIABLE, f"{text}; unset it, or put the key of the store first")]


def _given_key(word: str) -> bytes:
    from snapstore.secrets.sealing import KEY_BYTES

    try:
        key = b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SnapError(
            f"not a data key: expected {KEY_BYTES} bytes in base64",
            where=VARIABLE,
            fix="make one with: openssl rand -base64 64 | tr -d '\\n'",
        )
    return key


def _create_keyring(store: Path, recipient: str, name: str) -> None:
    """Whoever comes second uses the keys of the first; a lock that is never released is an error."""
    from snapstore.secrets import keyref, keyring
    from snapstore.secrets.sealing import KEY_BYTES

    ring = keyring.encode(keyring.make({recipient: name}, [os.urandom(KEY_BYTES)]))
    for _ in range(50):
        if keyref.write(store, ring, "Make a data key", None) or keyref.read(store) is not None:
            return
        time.sleep(0.1)
    raise SnapError(
        "the keys of the store are locked",
        where=str(store),
        fix=f"if no other snap is running, remove {store / (keyref.REF + '.lock')}",
    )


def _backup_notice(path: Path) -> Notice:
    return Notice(
        "key",
        f"made a secret key for you at {path}: keep a copy in a safe place. "
        "Without it, and without another recipient, sealed values cannot be restored.",
    )


def no_key(store: Path, env: Mapping[str, str]) -> SnapError:
    """The error that says why there is no key here and how to come by one."""
    from snapstore.secrets import keyref

    if keyref.read(store) is not None:
        return _not_a_recipient(env)
    if keyref.has_snapshots(store):
        return SnapError(
            "this store has snapshots, but the key that seals their secrets is not here",
            where=str(store),
            fix=f"set {VARIABLE} as it was set then, or fetch the wrapped keys: "
            f"git fetch <origin> '{keyref.REF}:{keyref.REF}'; `snap key init` begins with a new key",
        )
    return SnapError(
        "there is no key to seal secrets with",
        where=str(store),
        fix=f"run `snap key init`, or set {VARIABLE}",
    )


def _not_a_recipient(env: Mapping[str, str]) -> SnapError:
    mine = identities.read(env)
    path = identities.path_of(env)
    if mine is None:
        return SnapError(
            "the secrets of this store are sealed, and this machine has no age identity",
            where=str(path),
            fix=f"run `snap key init` and have a recipient add you, or set {VARIABLE}",
        )
    return SnapError(
        "this machine cannot read the key of the store",
        where=str(path),
        fix=f"ask a recipient to run `snap key add-recipient {mine.recipients[0]}`, or set {VARIABLE}",
    )


def _other_key(wanted: str, here: Sequence[str], where: str) -> SnapError:
    return SnapError(
        f"sealed with key {wanted}, this machine has {', '.join(here)}",
        where=where,
        fix=f"ask a recipient of that key to add you, or put it into {VARIABLE} after the current one",
    )
