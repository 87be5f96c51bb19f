"""Which snapshot a deploy is held against when nobody names one."""

from __future__ import annotations

from snapstore.reports.past import FROM
from snapstore.review.branch import BEFORE
from snapstore.watch.baseline import recorded
from snapstore.workspace import Workspace


def before_deploy(ws: Workspace) -> str:
    """The last snapshot that a deploy can be held against. SnapError where there is none at all.

    One that was taken to propose going back is none, nor one that a restore made, unless metrics were kept
    with it since: what is meant then is the one before, or the one that was restored.
    """
    commit = ws.store.resolve("HEAD")
    while not recorded(ws, commit):
        info = ws.store.info(commit)
        restored = info.trailers.get(FROM)
        if restored and ws.store.has(restored) and ws.store.info(restored).tree == info.tree:
            commit = restored
        elif BEFORE in info.trailers and info.parents:
            commit = info.parents[0]
        else:
            break
    return commit
