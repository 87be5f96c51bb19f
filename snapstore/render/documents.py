"""What ``--json`` prints: one typed document for each command, of which the JSON Schemas are made.

Secrets are in them as they are in the store: sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from snapstore.deploys import Told
from snapstore.model import Archived, HazardName, Notice, Outcome, ResourceChanges, Verb
from snapstore.preflight.checked import Checked
from snapstore.rehearsal.proof import Proof
from snapstore.render.changes import sign
from snapstore.snapshot import TREE_MODE, Snapshot, TreeEntry, files, kinds, resources

if TYPE_CHECKING:
    from snapstore.restored import RestoreResult
    from snapstore.review.propose import Proposal
    from snapstore.store import CommitInfo, Store


class ErrorText(msgspec.Struct):
    """What happened, where, and what to do; ``code`` is the exit code."""

    what: str
    where: str
    fix: str
    code: int


class ErrorDocument(msgspec.Struct):
    """Any command that failed."""

    error: ErrorText


class InitDocument(msgspec.Struct):
    """``snap init``: what was there and what was made. ``store`` is empty where nothing was found."""

    config: str
    written: bool
    store: str
    created: bool
    resources: list[str]


class TakeDocument(msgspec.Struct):
    """``snap take``: tree ids by resource; ``changed`` says whether the commit is new.

    ``metrics`` are those that are watched, by series; infinite ones are ``"+Inf"``. ``told`` is what was
    recorded with it now, null where that was nothing.
    """

    commit: str
    tree: str
    changed: bool
    resources: dict[str, str]
    notices: dict[str, list[Notice]]
    metrics: dict[str, dict[str, float | str]]
    told: Told | None


class ChangedName(msgspec.Struct):
    """``sign`` is ``+`` added, ``-`` removed or ``~`` changed."""

    name: str
    sign: str


class ResourceStatus(msgspec.Struct):
    resource: str
    adapter: str
    facts: list[ChangedName]
    files: list[ChangedName]


class StatusDocument(msgspec.Struct):
    """``snap status``: live against the last snapshot. ``retold`` counts by resource the facts that another
    version of the system only tells otherwise."""

    head: str
    changed: bool
    resources: list[ResourceStatus]
    retold: dict[str, int]


class DiffSide(msgspec.Struct):
    """``commit`` is null for the live systems."""

    tree: str
    commit: str | None


class DiffDocument(msgspec.Struct):
    """``snap diff``: each fact and file with both of its states; ``retold`` as in ``snap status``."""

    before: DiffSide
    after: DiffSide
    resources: list[ResourceChanges]
    retold: dict[str, int]


class CommitDocument(msgspec.Struct):
    """A snapshot in ``snap log``; ``time`` is in seconds since 1970, ``timezone`` in minutes east of UTC;
    ``told`` is what was recorded with it, the newest last."""

    commit: str
    tree: str
    parents: list[str]
    time: int
    timezone: int
    author: str
    message: str
    trailers: dict[str, str]
    refs: list[str]
    told: list[Told]


class LogDocument(msgspec.Struct):
    """``snap log``: newest first."""

    commits: list[CommitDocument]


class ResourceSummary(msgspec.Struct):
    adapter: str
    format: int
    tree: str | None
    facts: int
    files: int


class SnapshotDocument(msgspec.Struct):
    """``snap show REVISION``"""

    commit: str | None
    tree: str
    resources: dict[str, ResourceSummary]


class FolderEntry(msgspec.Struct):
    name: str
    folder: bool
    mode: str


class FolderDocument(msgspec.Struct):
    """``snap show REVISION:FOLDER``"""

    path: str
    entries: list[FolderEntry]


class FileDocument(msgspec.Struct):
    """``snap show REVISION:FILE``; ``size`` in bytes, the content as Base64."""

    path: str
    mode: str
    size: int
    base64: str


class DoneAction(msgspec.Struct):
    resource: str
    verb: Verb
    subject: str
    summary: str
    hazards: list[HazardName]


class RestoreDocument(msgspec.Struct):
    """``snap restore``, ``apply`` and ``undo``: ``safety`` is the snapshot taken before the first action."""

    commit: str | None
    safety: str | None
    verified: bool
    actions: list[DoneAction]
    outcomes: list[Outcome]
    mismatches: list[str]
    problems: list[str]
    plan: str


class ProposalDocument(msgspec.Struct):
    """``snap propose``: ``branch`` and ``commit`` are null where there is nothing to do.

    ``changed`` says whether the branch is another one than before, ``plan`` is a digest, ``url``
    is that of the request. ``rehearsed`` says whether its rehearsal passed, null without one.
    """

    branch: str | None
    commit: str | None
    changed: bool
    url: str | None
    plan: str
    rehearsed: bool | None
    hazards: list[HazardName]


class RehearseDocument(msgspec.Struct):
    """``snap rehearse``: ``plan`` is a digest; ``proof`` is null where there is nothing to do."""

    plan: str
    passed: bool
    proof: Proof | None


class SharedDocument(msgspec.Struct):
    """``snap pull`` and ``snap push``: where the branch is, null before its first snapshot."""

    branch: str
    commit: str | None
    changed: bool


class PreflightDocument(msgspec.Struct):
    """``snap preflight``: ready where no check failed."""

    ready: bool
    checks: list[Checked]


class Finding(msgspec.Struct):
    """Something that is not well; ``area`` is ``store``, ``key`` or the name of a resource."""

    area: str
    subject: str
    text: str


class DoctorDocument(msgspec.Struct):
    """``snap doctor``"""

    well: bool
    checked: list[str]
    findings: list[Finding]


class ArchiveDocument(msgspec.Struct):
    """``snap show --archive``"""

    archive: list[Archived]


class StoreSpace(msgspec.Struct):
    """What the objects of a store take: packs, objects by themselves, bytes in both."""

    packs: int
    loose: int
    bytes: int


class LargeRemoved(msgspec.Struct):
    """A large file that no snapshot needs."""

    oid: str
    bytes: int


class Dropped(msgspec.Struct):
    """A snapshot that left the history of its branch by the rule ``[store] keep``."""

    commit: str
    time: int
    message: str


class CollectedDocument(msgspec.Struct):
    """The store before and after; equal with ``--dry-run``."""

    before: StoreSpace
    after: StoreSpace
    large: list[LargeRemoved]
    snapshots: list[Dropped]


class GcDocument(msgspec.Struct):
    """``snap gc``: what was removed from the archive, or what became of the store."""

    removed: list[Archived]
    store: CollectedDocument | None = None


class AdapterDocument(msgspec.Struct):
    """``problem`` says why an adapter cannot be used."""

    name: str
    summary: str
    problem: str


class AdaptersDocument(msgspec.Struct):
    """``snap adapters``"""

    adapters: list[AdapterDocument]


class DemoCommand(msgspec.Struct):
    """A command that the demo has run: its exit code and how long it took."""

    command: str
    code: int
    seconds: float


class DemoProof(msgspec.Struct):
    """The state after ``of`` against the state it was to bring back, found out without snapstore.

    ``differences`` names what is not the same.
    """

    of: str
    equal: bool
    tree: str
    rows: int
    keys: int
    record_sets: int
    files: int
    differences: list[str]


class DemoDocument(msgspec.Struct):
    """``snap demo``: ``folder`` is where it was played, null unless kept."""

    equal: bool
    seconds: float
    folder: str | None
    commands: list[DemoCommand]
    proofs: list[DemoProof]


def status(head: str, changes: Sequence[ResourceChanges], retold: dict[str, int]) -> StatusDocument:
    return StatusDocument(
        head=head,
        changed=bool(changes),
        resources=[
            ResourceStatus(
                resource=found.resource,
                adapter=found.adapter,
                facts=[ChangedName(change.id, sign(change)) for change in found.facts],
                files=[ChangedName(change.path, sign(change)) for change in found.files],
            )
            for found in changes
        ],
        retold=retold,
    )


def diff(
    before: Snapshot, after: Snapshot, changes: list[ResourceChanges], retold: dict[str, int]
) -> DiffDocument:
    left, right = (DiffSide(side.tree, side.commit) for side in (before, after))
    return DiffDocument(left, right, changes, retold)


def log(found: Sequence[CommitInfo], told: Mapping[str, Sequence[Told]]) -> LogDocument:
    return LogDocument(
        [
            CommitDocument(
                commit=info.commit,
                tree=info.tree,
                parents=list(info.parents),
                time=info.time,
                timezone=info.tz,
                author=info.author,
                message=info.message,
                trailers=dict(info.trailers),
                refs=list(info.refs),
                told=list(told.get(info.commit, ())),
            )
            for info in found
        ]
    )


def snapshot(found: Snapshot) -> SnapshotDocument:
    summaries = {
        name: ResourceSummary(
            adapter=entry.adapter,
            format=entry.format,
            tree=entry.tree,
            facts=kinds(found, name).total(),
            files=sum(1 for _ in files(found, name)),
        )
        for name, entry in resources(found).items()
    }
    return SnapshotDocument(found.commit, found.tree, summaries)


def folder(path: str, entries: Sequence[TreeEntry]) -> FolderDocument:
    listed = [FolderEntry(entry.name, entry.mode == TREE_MODE, f"{entry.mode:o}") for entry in entries]
    return FolderDocument(path, listed)


def restore(result: RestoreResult) -> RestoreDocument:
    return RestoreDocument(
        commit=result.commit,
        safety=result.safety,
        verified=result.verified,
        actions=[
            DoneAction(
                resource=action.resource,
                verb=action.verb,
                subject=action.subject,
                summary=action.summary,
                hazards=[hazard.name for hazard in action.hazards],
            )
            for action in result.plan.actions
        ],
        outcomes=list(result.outcomes),
        mismatches=list(result.mismatches),
        problems=list(result.problems),
        plan=result.plan.digest,
    )


def proposal(found: Proposal) -> ProposalDocument:
    from snapstore.plan import hazards  # which most commands have no use for

    return ProposalDocument(
        branch=found.branch,
        commit=found.commit,
        changed=found.changed,
        url=found.url,
        plan=found.plan.digest,
        rehearsed=found.proof.passed if found.proof else None,
        hazards=sorted({hazard.name for hazard in hazards(found.plan)}),
    )


def shared(store: Store, changed: bool) -> SharedDocument:
    return SharedDocument(store.branch, store.head(), changed)
