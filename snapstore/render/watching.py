"""Measurements and verdicts, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from snapstore.config.watching import Reaction, WatchConfig
from snapstore.errors import some
from snapstore.render.documents import ProposalDocument, RestoreDocument
from snapstore.render.plans import summary
from snapstore.render.style import ADDED, CHANGED, HAZARD, name, paint
from snapstore.render.values import count
from snapstore.watch.judge import Measurement, Phase, in_unit
from snapstore.watch.readings import Written, read, short

if TYPE_CHECKING:
    from snapstore.watch.reaction import Reacted
    from snapstore.watch.watching import Watched

_COLOURS = {Phase.SUCCESSFUL: ADDED, Phase.FAILED: HAZARD, Phase.INCONCLUSIVE: CHANGED, Phase.ERROR: HAZARD}
_SHOWN = 3


class WatchedMetric(msgspec.Struct):
    """``before`` are its values before the deploy; ``verdict`` is null where another metric came first."""

    name: str
    verdict: Phase | None
    before: Written
    measurements: list[Measurement]


class WatchDocument(msgspec.Struct):
    """``snap watch``: ``commit`` is the snapshot from before the deploy, ``plan`` the file with the way back.

    ``plan``, ``proposal`` and ``restore`` are null where there is no such thing; series that are infinite are
    ``"+Inf"``.
    """

    commit: str
    verdict: Phase
    reasons: list[str]
    metrics: list[WatchedMetric]
    action: Reaction
    plan: str | None
    proposal: ProposalDocument | None
    restore: RestoreDocument | None


def line(config: WatchConfig, found: Measurement) -> str:
    """``21:03:10 p95 = 0.42 s: successful``"""
    unit = next((metric.unit for metric in config.metrics if metric.name == found.metric), "")
    said = f": {name(found.reason)}" if found.reason else ""
    when = datetime.fromtimestamp(found.time).strftime("%H:%M:%S")
    return (
        f"{when} {found.metric}{values(found.values, unit)} {paint(found.phase, _COLOURS[found.phase])}{said}"
    )


def values(found: Written, unit: str) -> str:
    """`` = 0.42 s``, with the labels where there are several."""
    called = short(found)
    numbers = {called[series]: in_unit(unit, value) for series, value in read(found).items()}
    shown = [f"{{{name(series)}}} = {text}" if series else f" = {text}" for series, text in numbers.items()]
    return some(shown, _SHOWN)


def text(watched: Watched, reacted: Reacted | None) -> str:
    """How a watch ended, and what follows."""
    if watched.verdict is Phase.SUCCESSFUL:
        good = count(len(watched.verdicts), "metric")
        measured = count(len(watched.measurements), "measurement")
        return paint(f"nothing got worse: {good}, {measured}", ADDED)
    lines = [f"{_TOLD[watched.verdict]}: {name('; '.join(watched.reasons))}"]
    return "\n".join([*lines, *(_reacted(watched, reacted) if reacted else [])])


_TOLD = {
    Phase.FAILED: "worse than before the deploy",
    Phase.INCONCLUSIVE: "it cannot be told whether anything got worse",
    Phase.ERROR: "the metrics cannot be measured",
}


def _reacted(watched: Watched, reacted: Reacted) -> list[str]:
    if reacted.file is None:
        return ["there is nothing to restore: what is looked after is as it was at that snapshot"]
    if reacted.result:
        from snapstore.render import results

        return [results.text(reacted.result, with_plan=True)]
    lines = [summary(reacted.plan)]
    if reacted.proposal:
        where = f"\n{reacted.proposal.url}" if reacted.proposal.url else ""
        return [*lines, f"proposed as {reacted.proposal.branch}{where}"]
    return [*lines, f"go back with: snap restore {watched.commit[:10]}, or snap apply {reacted.file}"]


def document(watched: Watched, action: Reaction, reacted: Reacted | None) -> WatchDocument:
    from snapstore.render import documents

    names = dict.fromkeys([*watched.before, *(found.metric for found in watched.measurements)])
    return WatchDocument(
        commit=watched.commit,
        verdict=watched.verdict,
        reasons=watched.reasons,
        metrics=[
            WatchedMetric(
                metric,
                watched.verdicts.get(metric),
                watched.before.get(metric, {}),
                [found for found in watched.measurements if found.metric == metric],
            )
            for metric in names
        ],
        action=action,
        plan=str(reacted.file) if reacted and reacted.file else None,
        proposal=documents.proposal(reacted.proposal) if reacted and reacted.proposal else None,
        restore=documents.restore(reacted.result) if reacted and reacted.result else None,
    )


def kept(found: Mapping[str, Written], config: WatchConfig) -> list[str]:
    """What a snapshot keeps of the metrics."""
    units = {metric.name: metric.unit for metric in config.metrics}
    return [f"  {metric}{values(now, units.get(metric, ''))}" for metric, now in found.items() if now]
