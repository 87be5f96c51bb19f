"""What ``snapstore.toml`` may say, table by table, and :class:`Config`, what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from snapstore.config.largefiles import LargeFilesTable
from snapstore.config.notifying import NotifyTable
from snapstore.config.preflight import PreflightConfig, PreflightTable
from snapstore.config.watching import WatchConfig, WatchTable
from snapstore.large import DEFAULTS, LargeSettings
from snapstore.model import DataMode, HazardName


class ResourceConfig(msgspec.Struct, frozen=True):
    """A resource: ``settings`` is an instance of its adapter's settings type."""

    name: str
    adapter: str
    settings: Any
    depends_on: tuple[str, ...] = ()


class HookConfig(msgspec.Struct, frozen=True):
    """A command of the user, run by ``sh`` in ``cwd`` with ``env`` added; ``timeout`` in seconds, for each of
    the ``retries`` after the first attempt too, which ``retry_delay`` seconds lie between.

    With a ``group`` it runs only when a resource of that group is part of the operation. ``inherit`` are
    patterns of the only variables that it gets of our environment; None is what all hooks get.
    """

    run: str
    name: str
    group: str | None = None
    timeout: float = 600.0
    cwd: Path = Path()
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    inherit: tuple[str, ...] | None = None
    retries: int = 0
    retry_delay: float = 1.0

    def __repr__(self) -> str:
        return f"HookConfig(group={self.group!r})"  # commands and environments hold secrets


class Forge(StrEnum):
    """What serves the requests; Forgejo speaks as Gitea does."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


class Require(StrEnum):
    """What a proposal needs before it is applied."""

    APPROVED = "approved"
    MERGED = "merged"
    NONE = "none"


class ReviewTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where restores are reviewed, which the URL of the store's remote tells, and who has to agree.

    ``rehearsed``: only what was rehearsed, and passed, may be applied.
    """

    forge: Forge | None = None
    api: str | None = None
    repository: str | None = None
    token: str | None = None
    require: Require | None = None
    approvals: Annotated[int, msgspec.Meta(ge=1)] = 1
    rehearsed: bool = False

    def __repr__(self) -> str:
        return f"ReviewTable(forge={self.forge!r})"  # the token is a secret


class ReportTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is written after each restore: reports into a folder, an entry into a file of lessons learned."""

    folder: str | None = None
    lessons: str | None = None


class Config(msgspec.Struct, frozen=True):
    """A valid configuration: every name that it refers to exists, every path is absolute.

    ``branch`` is None where the file names none: then it is that of the store. ``scratch`` is a rehearsal's,
    where ``root`` is a folder that no path of a resource leads out of.
    """

    path: Path
    root: Path
    store: Path
    branch: str | None
    resources: dict[str, ResourceConfig]
    groups: dict[str, tuple[str, ...]] = {}
    hooks: dict[str, tuple[HookConfig, ...]] = {}
    allow: frozenset[HazardName] = frozenset()
    refuse: frozenset[HazardName] = frozenset()
    data: DataMode = DataMode.ARCHIVE
    remote: str | None = None
    keep: KeepTable | None = None
    review: ReviewTable = ReviewTable()
    watch: WatchConfig = WatchConfig()
    preflight: PreflightConfig = PreflightConfig()
    large: LargeSettings = DEFAULTS
    scratch: bool = False
    notify: NotifyTable = NotifyTable()
    report: ReportTable = ReportTable()


class KeepTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which snapshots of the branch `snap gc` keeps, beside those that something else needs."""

    last: Annotated[int, msgspec.Meta(ge=1)]
    daily: Annotated[int, msgspec.Meta(ge=0)] = 0
    tagged: bool = True


class StoreTable(msgspec.Struct, forbid_unknown_fields=True):
    """Where snapshots are kept: a bare Git repository, one branch per environment."""

    path: Annotated[str, msgspec.Meta(min_length=1)] = "snapshots"
    branch: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    remote: str | None = None
    keep: KeepTable | None = None


class HookTable(msgspec.Struct, forbid_unknown_fields=True):
    """A command to run; with a group, only when a resource of that group takes part."""

    run: Annotated[str, msgspec.Meta(min_length=1)]
    group: str | None = None
    name: str = ""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    cwd: str = "."
    env: dict[str, str] = {}
    inherit: list[str] | None = None
    retries: Annotated[int, msgspec.Meta(ge=0)] = 0
    retry_delay: Annotated[float, msgspec.Meta(ge=0)] = 1.0


class HooksTable(msgspec.Struct, forbid_unknown_fields=True):
    """Commands of yours around taking and restoring."""

    before_take: list[HookTable] = []
    after_take: list[HookTable] = []
    before_restore: list[HookTable] = []
    after_restore: list[HookTable] = []
    verify: list[HookTable] = []


class RestoreTable(msgspec.Struct, forbid_unknown_fields=True):
    """Which hazards are allowed or refused without being asked, and what happens to rows in the way."""

    allow: list[HazardName] | Literal["all"] = []
    refuse: list[HazardName] = []
    data: DataMode = DataMode.ARCHIVE


class FileTable(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file; a resource's table holds the settings of its adapter too."""

    resources: dict[str, dict[str, Any]] = {}
    store: StoreTable = msgspec.field(default_factory=StoreTable)
    large_files: LargeFilesTable = msgspec.field(default_factory=LargeFilesTable)
    groups: dict[str, list[str]] = {}
    hooks: HooksTable = msgspec.field(default_factory=HooksTable)
    restore: RestoreTable = msgspec.field(default_factory=RestoreTable)
    review: ReviewTable = ReviewTable()
    preflight: PreflightTable = PreflightTable()
    watch: WatchTable = WatchTable()
    notify: NotifyTable = NotifyTable()
    report: ReportTable = ReportTable()


class ResourceTable(msgspec.Struct, forbid_unknown_fields=True):
    """The part of a resource's table that is the same for every adapter."""

    adapter: str
    depends_on: list[str] = []
