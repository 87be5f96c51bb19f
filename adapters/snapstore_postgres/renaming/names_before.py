"""What things are called before the renamings of a plan, and when what made way has its name again."""

from __future__ import annotations

from collections.abc import Iterable

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.names import last, printed, unquote
from snapstore_postgres.relations import server_version
from snapstore_postgres.renaming.renamed_facts import renamed_facts

MADE_WAY = "made_way"
"""In the hints of a plan: how what makes way would get its name back, the last first."""

RENAMED_BACK = "renamed_back"
"""The same for all that is renamed."""


def called_now(identity: str, request: PlanRequest) -> str:
    """What something is called before anything is renamed."""
    for renaming in request.live_hints.get(RENAMED_BACK, ()):
        identity = renaming.identity(identity)
    return identity


def label_now(enum: str, label: str, request: PlanRequest) -> str:
    """What a label is called before it is renamed, in an enum that keeps its name."""
    name = f"{enum}.{printed(label)}"
    for renaming in request.live_hints.get(RENAMED_BACK, ()):
        name = renaming.names.get(name, name) if renaming.kind == "label" else name
    return unquote(last(name))


def former(identity: str, request: PlanRequest) -> str:
    """What something was called before it, or what it is in, made way: by that it is to be found again."""
    for renaming in request.live_hints.get(MADE_WAY, ()):
        identity = renaming.identity(identity)
    return identity


def former_facts(facts: Iterable[Fact], request: PlanRequest) -> list[Fact]:
    """The facts of something that made way, as they are when it has its name again."""
    found = list(facts)
    for renaming in request.live_hints.get(MADE_WAY, ()):
        found = list(renamed_facts(found, renaming, {}, server_version(request)))
    return found
