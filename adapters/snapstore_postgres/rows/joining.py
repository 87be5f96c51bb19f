"""Tables that become partitions: noted in the archive, so that later restores know their rows.

Going back over a deploy that detached a partition attaches it again; going back further, over the one that
partitioned its table, puts its rows among all others. When both are undone at once, only a note tells that
they were those of a table by itself; ``parting.py`` sees to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Verb
from snapstore_postgres.lineage import has_place
from snapstore_postgres.renaming.evidence import ids_of_table
from snapstore_postgres.renaming.wording import former
from snapstore_postgres.rows import archive
from snapstore_postgres.rows.taking_back import place_of_return


def noted(request: PlanRequest, actions: Sequence[Action]) -> Iterator[Action]:
    """What notes them, where the archive is or may be made."""
    if request.options.data is DataMode.ARCHIVE and has_place(request):
        yield from (_note(request, action.subject) for action in actions if _joins(action, actions, request))


def _joins(action: Action, actions: Sequence[Action], request: PlanRequest) -> bool:
    """Whether it attaches a table that is there by itself, or lies in the archive as it was by itself."""
    kind, _, name = action.subject.partition(":")
    if kind != "partition" or action.verb is not Verb.CREATE or action.subject in request.live:
        return False
    table = f"table:{name}"
    place = next((p for a in actions if a.subject == table and (p := place_of_return(a))), None)
    if place:
        return any(e.place == place and e.home is None for e in archive.entries(request.live_hints))
    return table in request.live and table in request.target


def _note(request: PlanRequest, attachment: str) -> Action:
    name = attachment.partition(":")[2]
    table, place = f"table:{name}", archive.place_of(request, f"{archive.JOINED}:{name}")
    facts = {"ids": ids_of_table(request.live_hints, table)}
    note = archive.register(place, former(table, request), archive.JOINED, facts)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{name}",
        summary=f"note that {name} becomes a partition, so that later restores know its rows",
        statements=(f"{note} ON CONFLICT DO NOTHING",),  # a plan that is gone on with says it again
        payload={"archive": True},
        needs=(archive.REGISTERED, attachment),
        transactional=True,
        rank=10_000,
    )
