"""File trees, for every adapter whose resources are files: what Git cannot say, planning and applying.

Content, the executable bit and links are in the snapshot's tree. What Git has no place for is in one
document, ``metadata.json`` (:mod:`.facts`). :mod:`.plan` turns changes of both into actions, :mod:`.apply`
runs these below a folder.
"""

from __future__ import annotations

from snapstore.filetree.apply import apply_files
from snapstore.filetree.facts import dir_fact, live_file, metadata, mode_fact, special_fact
from snapstore.filetree.plan import plan_files

__all__ = ["apply_files", "dir_fact", "live_file", "metadata", "mode_fact", "plan_files", "special_fact"]
