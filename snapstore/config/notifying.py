"""``[notify]``: who is told what, in which words, and whom to call.

Where messages go is a secret: the address of a webhook is all that it takes to write to a channel.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from snapstore.config.source import Source, dotted
from snapstore.nearest import did_you_mean
from snapstore.secrets import REDACTOR

FIELD = re.compile(r"\{([a-z_]+)\}")
FIELDS = (
    *("action", "actions", "branch", "commit", "contacts", "duration", "host", "impact", "message"),
    *("problems", "reason", "resources", "safety", "summary", "target", "title", "url", "who"),
)
"""What a template may say in braces."""

_SECRET_PART = re.compile(r"[^/?&=@:;,#\s]{8,}")


class Event(StrEnum):
    """What somebody may want to know of."""

    DEPLOY = "deploy"
    WORSE = "worse"
    UNCLEAR = "unclear"
    PROPOSED = "proposed"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    DRIFT = "drift"


class RecipientTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Somebody to tell: an address in the words of Apprise, and of which events (all, if it does not say)."""

    url: Annotated[str, msgspec.Meta(min_length=1)]
    name: str = ""
    on: list[Event] = []

    def __repr__(self) -> str:
        return f"RecipientTable({self.name!r})"  # the address is a secret


class ContactTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Somebody to call, for people to read."""

    role: str
    name: str
    contact: str


class NotifyTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``timeout`` is how many seconds all recipients of a message have together."""

    to: list[RecipientTable] = []
    templates: dict[Event, str] = {}
    contacts: list[ContactTable] = []
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 20.0


def checked(source: Source, table: NotifyTable) -> NotifyTable:
    """The same, its addresses known to the redactor. SnapError names a template with an unknown field."""
    for recipient in table.to:
        _remember(recipient.url)
    for event, text in table.templates.items():
        for field in FIELD.findall(text):
            if field not in FIELDS:
                at = ("notify", "templates", event.value)
                fix = did_you_mean(field, FIELDS, "known fields")
                raise source.error(at, f"`{dotted(at)}` says {{{field}}}, which is no field", fix)
    return table


def _remember(url: str) -> None:
    """The whole address, and each part of it, behind the host, that may be a token by itself."""
    REDACTOR.add(url)
    _, _, rest = url.partition("://")
    for part in _SECRET_PART.findall(rest):
        if re.search(r"\d", part) and not re.fullmatch(r"[\d.]+", part):
            REDACTOR.add(part)
