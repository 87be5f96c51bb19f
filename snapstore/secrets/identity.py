"""This machine's age identity: the file with its secret key, in the format of ``age-keygen``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from snapstore.errors import SnapError
from snapstore.secrets.redact import REDACTOR

VARIABLE = "SNAPSTORE_IDENTITY"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - the prefix by which age marks a secret key


class Identity(msgspec.Struct, frozen=True):
    """One or more key pairs; the first is the one to show to others."""

    path: Path
    recipients: tuple[str, ...]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Identity({self.path})"  # never the secrets


def path_of(env: Mapping[str, str]) -> Path:
    """Where the identity is: $SNAPSTORE_IDENTITY, or in the user's configuration directory."""
    named = env.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    configured = env.get("XDG_CONFIG_HOME") or ""
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    base = Path(configured) if Path(configured).is_absolute() else home / ".config"
    return base / "snapstore" / "identity.txt"


def read(env: Mapping[str, str]) -> Identity | None:
    """The identity of this machine, None when it has none. SnapError when the file is of no use."""
    path = path_of(env)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        fix = f"run as its owner, or name another file in {VARIABLE}"
        raise SnapError(f"the age identity cannot be read: {reason}", where=str(path), fix=fix) from None
    return _parse(path, text)


def create(env: Mapping[str, str]) -> Identity:
    """Make an identity; one that is there, or comes at the same moment, is used as it is."""
    from snapstore.secrets import age

    path = path_of(env)
    secret = age.generate()
    recipient = age.recipient_of(secret)
    head = "# The secret key of this user for snapstore: keep it private, keep a copy."
    text = f"{head}\n# public key: {recipient}\n{secret}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, text.encode())
    except FileExistsError:
        return read(env) or create(env)
    except OSError as error:
        raise SnapError(
            f"the age identity cannot be written: {error.strerror}",
            where=str(path),
            fix=f"make the folder writable, or name another file in {VARIABLE}",
        ) from None
    return Identity(path, (recipient,), (secret,))


def readable_by_others(path: Path) -> bool:
    """Whether the group or everybody may read or write the file. A file that is not there is private."""
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


def _parse(path: Path, text: str) -> Identity:
    from snapstore.secrets import age

    lines = [line.strip() for line in text.splitlines()]
    secrets = tuple(line for line in lines if line and not line.startswith("#"))
    try:
        recipients = tuple(age.recipient_of(secret) for secret in secrets)
    except SnapError:
        recipients = ()
    if not recipients:
        raise SnapError(
            f"not an age identity file: expected lines that start with {_SECRET}",
            where=str(path),
            fix=f"put the right file back, or name it in {VARIABLE} (one without a passphrase)",
        )
    for secret in secrets:
        REDACTOR.add(secret)
    return Identity(path, recipients, secrets)


def _write_new(path: Path, data: bytes) -> None:
    """Private from the first byte, complete or not there, and never over another file."""
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=".identity-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
