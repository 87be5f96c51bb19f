"""What came of the checks before a deploy."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from snapstore.config.preflight import Check


class State(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Checked(msgspec.Struct, frozen=True):
    """What a check found; ``fix`` is what to do where it failed."""

    check: Check
    state: State
    text: str
    fix: str = ""
