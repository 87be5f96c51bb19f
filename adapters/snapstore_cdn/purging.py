"""What comes after a restore: purging what the cache has of the state that is no longer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snapstore.model import Action, Hazard, HazardName, Verb
from snapstore_cdn.purge import EVERYTHING, purge_of
from snapstore_cdn.settings import Settings

_ANY_PATH = "/*"
"""Nothing else than everything, where it is of all hosts."""


def follow(settings: Settings, resource: str, actions: Sequence[Action]) -> list[Action]:
    """The actions that come after these."""
    return [_action(settings, resource, text) for text in settings.purge]


def _action(settings: Settings, resource: str, text: str) -> Action:
    from snapstore_cdn.provider import traits

    takes = traits(settings).purge_takes
    everything = text in (EVERYTHING, _ANY_PATH)
    return Action(
        resource=resource,
        verb=Verb.DROP,
        subject=f"purge:{text}",
        summary=f"purge {text} ({takes})",
        statements=(f"purge {text}",),
        payload={"purge": msgspec.to_builtins(purge_of(text))},
        hazards=(Hazard(HazardName.DOWNTIME, _estimate(settings)),) if everything else (),
    )


def _estimate(settings: Settings) -> str:
    times = 1 / (1 - settings.hit_rate)
    return (
        f"everything is fetched from the origin again: it gets about {times:.3g} times its requests "
        f"(hit_rate = {settings.hit_rate:g}) until the cache is warm"
    )
