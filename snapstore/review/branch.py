"""The branch that a restore is proposed on: its name, and what it holds.

Its tree is the state after the restore, so that what a request shows as changed files is the difference of
the two states; beside that ``plans/ID/`` holds the plan as a document, as SQL and as a page.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from typing import NamedTuple

from snapstore.model import Plan, Scope
from snapstore.plan import encode
from snapstore.rehearsal import keeping
from snapstore.rehearsal.proof import Proof
from snapstore.render import plans, review
from snapstore.render.review import Terms
from snapstore.secrets import REDACTOR
from snapstore.snapshot import Snapshot, resources

PLANS = "plans"
PREFIX = "rollback/"
SCOPE = "Scope"
PLAN = "Plan"
REASON = "Reason"
BEFORE = "Before-Proposal-Of"
"""Tells a snapshot that was taken to propose going back to another one, and is none to go back to itself."""
_EVERYTHING = "everything"
_SHORT = 10
_ID = 12


class Branch(NamedTuple):
    """``rollback/<short>-<number>``: the start of the commit it leads to, and which try that is."""

    target: str
    number: int

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.target[:_SHORT]}-{self.number}"

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.name}"


def branches(target: str, refs: Collection[str]) -> list[Branch]:
    """The branches among these refs (full names) that lead to a commit, the newest first."""
    pattern = re.compile(rf"refs/heads/{PREFIX}{target[:_SHORT]}-([1-9]\d*)")
    numbers = [int(found[1]) for found in map(pattern.fullmatch, refs) if found]
    return [Branch(target, number) for number in sorted(numbers, reverse=True)]


def folder(plan: Plan) -> str:
    """Where the files of a plan are in the tree."""
    return f"{PLANS}/{plan.digest[:_ID]}"


def files(plan: Plan, terms: Terms, proof: Proof | None) -> dict[str, bytes]:
    """The plan's files by path, with the proof where it was rehearsed. What people read is masked; the plan
    itself holds only sealed tokens."""
    texts = {"plan.sql": plans.sql(plan), "PLAN.md": review.page(plan, terms, proof=proof)}
    masked = {name: REDACTOR.redact(text).encode("utf-8", "backslashreplace") for name, text in texts.items()}
    found = {"plan.json": encode(plan), **masked}
    if proof:
        found[keeping.FILE] = keeping.encode(proof)
    return {f"{folder(plan)}/{name}": content for name, content in found.items()}


def after(plan: Plan, live: Snapshot, target: Snapshot) -> Mapping[str, Snapshot]:
    """Which snapshot has each resource as it will be when the plan is carried out."""
    known = resources(target)
    led = set(plan.scope.patterns) or known.keys()
    return {name: target if name in led and name in known else live for name in resources(live)}


def plan_in(snapshot: Snapshot, digest: str) -> bytes | None:
    """The bytes of ``plan.json`` in the state of a branch, None when there is no plan of that digest."""
    return _file_in(snapshot, digest, "plan.json")


def proof_in(snapshot: Snapshot, digest: str) -> bytes | None:
    """Those of the proof that a plan was rehearsed; None when there is none."""
    return _file_in(snapshot, digest, keeping.FILE)


def _file_in(snapshot: Snapshot, digest: str, file: str) -> bytes | None:
    tree: str | None = snapshot.tree
    for name in (PLANS, digest[:_ID], file):
        entries = {entry.name: entry.oid for entry in snapshot.objects.tree(tree)} if tree else {}
        tree = entries.get(name)
    return snapshot.objects.blob(tree) if tree else None


def trailers(plan: Plan) -> dict[str, str]:
    """What tells a commit of the branch: which plan it is, and of which part of the state."""
    return {PLAN: plan.digest, SCOPE: scope_words(plan.scope)}


def proposing(plan: Plan) -> str:
    """The command that proposes the same restore again."""
    only = [f"--only {shlex.quote(pattern)}" for pattern in plan.scope.patterns]
    return " ".join(["snap propose", (plan.target.commit or "")[:_SHORT], *only])


def scope_words(scope: Scope) -> str:
    return " ".join(scope.patterns) or _EVERYTHING
