"""File trees, for every adapter whose resources are files: what Git cannot say, planning and applying.

Content, the executable bit and links are in the snapshot's tree. What Git has no place for is in one
document, ``metadata.json`` (:mod:`.facts`). :mod:`.plan` turns changes of both into actions, :mod:`.apply`
runs these below a folder; both are imported when they are called, since most commands only capture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snapstore.filetree.facts import dir_fact, live_file, metadata, mode_fact, special_fact, stamp_of

if TYPE_CHECKING:
    from snapstore.adapter import ApplyContext, PlanRequest
    from snapstore.model import Action

__all__ = [
    "apply_files",
    "apply_swapped",
    "dir_fact",
    "live_file",
    "metadata",
    "mode_fact",
    "plan_files",
    "special_fact",
    "stamp_of",
    "tidy_files",
    "tidy_swapped",
]


def plan_files(request: PlanRequest) -> list[Action]:
    """See :func:`snapstore.filetree.plan.plan_files`."""
    from snapstore.filetree import plan

    return plan.plan_files(request)


def apply_files(root: Path, actions: Sequence[Action], context: ApplyContext) -> None:
    """See :func:`snapstore.filetree.apply.apply_files`."""
    from snapstore.filetree import apply

    apply.apply_files(root, actions, context)


def tidy_files(root: Path, actions: Sequence[Action]) -> None:
    """See :func:`snapstore.filetree.apply.tidy_files`."""
    from snapstore.filetree import apply

    apply.tidy_files(root, actions)


def apply_swapped(root: Path, actions: Sequence[Action], context: ApplyContext) -> None:
    """See :func:`snapstore.filetree.swap.apply_swapped`."""
    from snapstore.filetree import swap

    swap.apply_swapped(root, actions, context)


def tidy_swapped(root: Path) -> None:
    """See :func:`snapstore.filetree.swap.tidy_swapped`."""
    from snapstore.filetree import swap

    swap.tidy_swapped(root)
