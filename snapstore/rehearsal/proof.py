"""What a rehearsal has shown: a document that goes with its plan, into the store, its branch and its page."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from snapstore.model import PlanSide, Verb


class How(StrEnum):
    """Where the actions of a resource were run: on a scratch system, or on its facts alone (weaker)."""

    SCRATCH = "scratch"
    MODEL = "model"


class Step(msgspec.Struct, frozen=True):
    """An action of a rehearsal. ``seconds`` is None where it was not run; of actions that an adapter runs
    together each has its share."""

    verb: Verb
    summary: str
    lock: str | None
    seconds: float | None


class Part(msgspec.Struct, frozen=True):
    """The rehearsal of one resource: where, on which version, and in how many seconds altogether.

    ``notes`` says what was not done as it would be, and why. It passed when there are neither
    ``mismatches``, which names what was not as promised, nor an ``error``.
    """

    resource: str
    adapter: str
    how: How
    where: str
    version: str
    seconds: float
    steps: list[Step]
    notes: list[str] = []
    mismatches: list[str] = []
    error: str = ""

    @property
    def passed(self) -> bool:
        return not self.error and not self.mismatches


class Proof(msgspec.Struct, frozen=True):
    """One rehearsal. ``plan`` is the digest of its plan, ``essence`` that of what the plan does
    (:func:`snapstore.plan.essence`), ``scope`` are its patterns, ``time`` is in UTC, ``snapstore`` the
    version that made it."""

    plan: str
    essence: str
    base: PlanSide
    target: PlanSide
    scope: list[str]
    time: str
    snapstore: str
    passed: bool
    parts: list[Part]
    seal: dict[str, str] = {}
    format: int = 1
