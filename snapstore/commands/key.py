"""``snap key``: who may unseal the secrets of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from snapstore.app import App
    from snapstore.secrets.recipients import Overview


@click.group(name="key")
def command() -> None:
    """Manage the key that seals secrets.

    Secrets are sealed with a data key. It lies in the store, wrapped for each recipient: an age public key,
    whose secret half is in its owner's configuration directory. SNAPSTORE_KEY may hold the data key instead.
    """


@command.command(short_help="make what is missing: your identity, the data key of the store")
@click.pass_obj
def init(app: App) -> None:
    """Make what is missing: your age identity, and the data key of the store."""
    from snapstore.secrets import create_keys

    keys = create_keys(_store(app), app.env, anew=True)
    for notice in keys.notices:
        app.note(notice.text)
    _show(app)


@command.command("add-recipient", short_help="let somebody else unseal what this store holds")
@click.argument("recipient", metavar="AGE1…")
@click.option("--name", default="", help="Whose key it is; only for people to read.")
@click.pass_obj
def add_recipient(app: App, recipient: str, name: str) -> None:
    """Let the owner of a public key unseal everything in this store, past and future."""
    from snapstore.secrets import recipients

    added = recipients.add(_store(app), app.env, recipient, name)
    text = f"{recipient} {'can now unseal this store' if added else 'is a recipient already'}"
    app.emit(text, {"recipient": recipient, "name": name, "changed": added})


@command.command("remove-recipient", short_help="take somebody away, and rotate")
@click.argument("recipient", metavar="AGE1…|NAME")
@click.pass_obj
def remove_recipient(app: App, recipient: str) -> None:
    """Take a recipient away and rotate the data key, so that nothing sealed from now on is theirs."""
    from snapstore.secrets import recipients

    key = recipients.remove(_store(app), app.env, recipient)
    text = (
        f"removed {recipient}; new values are sealed with key {key}\n"
        "What was sealed before stays readable to the one removed, here and in every copy of the store:\n"
        "change the secrets themselves where that matters. The next take reseals every value, as one change."
    )
    app.emit(text, {"removed": recipient, "key": key, "history_readable": True})


@command.command(short_help="seal with a new data key from now on")
@click.pass_obj
def rotate(app: App) -> None:
    """Seal with a new data key from now on; older snapshots stay readable to all recipients."""
    from snapstore.secrets import recipients

    key = recipients.rotate(_store(app), app.env)
    text = f"new values are sealed with key {key}\nThe next take reseals every value, as one change."
    app.emit(text, {"key": key})


@command.command(short_help="list the recipients, the ids of the data keys, your public key")
@click.pass_obj
def show(app: App) -> None:
    """Show the recipients, the ids of the data keys and your own public key; never a secret."""
    _show(app)


def _show(app: App) -> None:
    from snapstore.secrets import recipients

    found = recipients.overview(_store(app), app.env)
    app.emit(lambda: _text(found), lambda: _document(found))


def _store(app: App) -> Path:
    return app.config(live=False).store


def _text(found: Overview) -> str:
    own = found.own or "none yet; `snap key init` makes one"
    lines = [f"your public key  {own}", f"your identity    {found.identity}"]
    lines += [f"data key         {_described(key, found)}" for key in found.keys] or ["data key         none"]
    lines += [f"recipient        {key}  {name}".rstrip() for key, name in sorted(found.recipients.items())]
    return "\n".join(lines)


def _described(key: str, found: Overview) -> str:
    use = "seals" if key == found.keys[0] else "unseals older snapshots"
    origin = ", from SNAPSTORE_KEY" if found.from_environment and key in found.keys[:1] else ""
    return f"{key} ({use}{origin})" if key in found.usable else f"{key} (not readable on this machine)"


def _document(found: Overview) -> dict[str, Any]:
    return {
        "own": found.own,
        "identity": str(found.identity),
        "keys": [{"id": key, "usable": key in found.usable} for key in found.keys],
        "recipients": found.recipients,
    }
