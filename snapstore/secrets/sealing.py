"""Sealing one value with one data key: AES-SIV, deterministic, bound to its place, length hidden.

Loaded only when a value is sealed or unsealed. A token is ``v1.<key id>.<base64url>``; see docs/secrets.md.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from snapstore.errors import SnapError

KEY_BYTES = 64
"""The length of a data key."""
SMALLEST = 128
_VERSION = "v1"
_TOKEN = re.compile(r"(?P<version>v[0-9]+)\.(?P<key>[0-9a-f]{8})\.(?P<body>[A-Za-z0-9_-]+)", re.ASCII)


class Token(NamedTuple):
    """A sealed value, taken apart: the id of its key, and the ciphertext with its tag."""

    key: str
    body: bytes


def key_id(key: bytes) -> str:
    """Eight hex digits that name a data key without telling anything about it."""
    return hashlib.sha256(b"snapstore data key id\0" + key).hexdigest()[:8]


def seal(key: bytes, resource: str, identity: str, value: bytes) -> str:
    """The token of a value at its place; the same arguments always give the same token."""
    body = AESSIV(key).encrypt(_pad(value), [_place(resource, identity)])
    return f"{_VERSION}.{key_id(key)}.{_encode(body)}"


def unseal(key: bytes, resource: str, identity: str, token: Token) -> bytes:
    """The value again. SnapError when the token was altered or belongs to another place."""
    try:
        padded = AESSIV(key).decrypt(token.body, [_place(resource, identity)])
    except (InvalidTag, ValueError):
        raise SnapError(
            "a sealed value was altered, or moved here from elsewhere",
            where=f"{resource}: {identity}",
            fix="do not trust this snapshot; `snap doctor` checks the store",
        ) from None
    return padded.rstrip(b"\0")[:-1]


def parse(token: str) -> Token:
    """Take a token apart. SnapError when it is none, or of a newer version."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise _damaged()
    if found["version"] != _VERSION:
        raise SnapError(
            f"a value was sealed by a newer snapstore (token version {found['version']})",
            fix="upgrade snapstore on this machine",
        )
    return Token(found["key"], _decode(found["body"]))


def _encode(body: bytes) -> str:
    return urlsafe_b64encode(body).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Exactly what ``_encode`` wrote: one value has one token, so another spelling is damage."""
    try:
        body = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _damaged() from None
    if _encode(body) != text:
        raise _damaged()
    return body


def _damaged() -> SnapError:
    return SnapError("a sealed value is damaged: it is not a token", fix="`snap doctor` checks the store")


def _place(resource: str, identity: str) -> bytes:
    """Where a value lives, unambiguously: the length of the first part says where the second begins."""
    name = resource.encode("utf-8", "surrogatepass")
    rest = identity.encode("utf-8", "surrogatepass")
    return b"snapstore %s\0%d:%s%s" % (_VERSION.encode(), len(name), name, rest)


def _pad(value: bytes) -> bytes:
    """ISO/IEC 7816-4 padding (0x80, zeros) to the next power of two, at least SMALLEST bytes."""
    size = max(SMALLEST, 1 << len(value).bit_length())
    return value + b"\x80" + b"\0" * (size - len(value) - 1)
