"""How a restore ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from snapstore.errors import Exit
from snapstore.model import Outcome, Plan


@dataclass(frozen=True)
class RestoreResult:
    """How a restore ended. ``commit`` is its commit on the branch, None where the branch already was there.

    ``mismatches`` names what is not as promised, ``problems`` what else failed and what to do about it.
    ``safety`` is the commit of the state before; None where nothing had to be done.
    """

    plan: Plan
    commit: str | None = None
    safety: str | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    verified: bool = False
    mismatches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        if any(outcome.error for outcome in self.outcomes):
            return Exit.ERROR
        if self.mismatches:
            return Exit.MISMATCH
        return Exit.ERROR if self.problems else Exit.DONE
