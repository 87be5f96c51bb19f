"""What we use of age (https://age-encryption.org): key pairs, and wrapping bytes for several of them.

Loaded only when used. Secret keys are ``AGE-SECRET-KEY-1…`` strings, recipients ``age1…`` strings.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyrage  # type: ignore[import-untyped]

from snapstore.errors import SnapError


def generate() -> str:
    """A new secret key."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(secret: str) -> str:
    """The public key of a secret key. SnapError (without the key) when it is none."""
    return str(_identity(secret).to_public())


def check_recipient(recipient: str) -> str:
    """The recipient as it is. SnapError when it is no public age key."""
    try:
        pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        shown = (
            "a secret key (keep it to yourself)" if "SECRET" in recipient.upper() else repr(recipient[:80])
        )
        raise SnapError(
            f"not an age public key: {shown}",
            fix="a public key starts with age1; `snap key show` on the other machine prints it",
        ) from None
    return recipient


def wrap(data: bytes, recipients: Sequence[str]) -> str:
    """Armored age file that each of the recipients can open."""
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    return bytes(pyrage.encrypt(data, keys, armored=True)).decode("ascii")


def unwrap(wrapped: str, secrets: Sequence[str]) -> bytes | None:
    """What is in an age file, or None when none of the secret keys opens it."""
    try:
        return bytes(pyrage.decrypt(wrapped.encode(), [_identity(secret) for secret in secrets]))
    except pyrage.DecryptError:
        return None


def _identity(secret: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError:
        raise SnapError("not an age secret key") from None
