"""webpack and Next.js configuration: the file, what it requires, and what it comes to.

The files are captured and restored byte for byte. What they come to follows from them and from the
installed packages, so its facts make diffs readable and are never restored themselves.
docs/adapters/webpack.md has it from the user's side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec

from snapstore import safewrite
from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest, Stage, Suggestion
from snapstore.errors import SnapError
from snapstore.filetree import apply_files, live_file, metadata, mode_fact, plan_files, tidy_files
from snapstore.model import Action, Captured, Document, Fact, Hazard, HazardName, LiveFile, Notice, Verb
from snapstore.paths import to_text
from snapstore_webpack.effective import KIND, effective_document
from snapstore_webpack.sources import USUAL_NAMES, Sources, find_configs, find_sources

_MISSING = "missing"
_LAST = 90_000


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of a ``webpack`` resource. Paths are relative to the folder of ``snapstore.toml``.

    ``path``: the configuration file; without it every ``webpack.config.*`` and ``next.config.*`` there.
    ``evaluate``: also record the effective configuration, running it in node for at most ``timeout``
    seconds with the variables that ``env`` lists. ``clear``: caches to remove when files were restored.
    """

    path: str | None = None
    evaluate: bool = False
    clear: list[str] = []
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    env: list[str] = []

    def __post_init__(self) -> None:
        for path in (*self.clear, *filter(None, [self.path])):
            parts = PurePosixPath(path).parts
            if not parts or parts[0] == "/" or ".." in parts:
                raise ValueError(f"{path!r} is not a path below the folder of snapstore.toml")


def capture(settings: Settings, context: Context) -> Captured:
    """The configuration as it is. None at all is a state too, and worth a word."""
    configs = [config for config in find_configs(context.root, settings.path) if config.is_file()]
    sources = find_sources(context.root, configs)
    files, facts = _files(sources)
    facts += [Fact(f"{_MISSING}:{to_text(path)}") for path in sources.missing]
    notices = sources.notices
    if not configs:
        notices = [Notice(to_text(settings.path or "."), "there is no webpack or Next.js configuration")]
    documents = metadata(facts)
    if settings.evaluate:
        documents += _effective(settings, configs, context, notices)
    return Captured(documents=documents, files=files, notices=notices)


def _files(sources: Sources) -> tuple[list[LiveFile], list[Fact]]:
    files: list[LiveFile] = []
    facts: list[Fact] = []
    for path, source in sorted(sources.files.items()):
        found = source.lstat()
        file = live_file(path, str(source), found)
        if file is not None:
            files.append(file)
            facts += filter(None, [mode_fact(path, found.st_mode) if file.data is None else None])
    return files, facts


def _effective(
    settings: Settings, configs: Sequence[Path], context: Context, notices: list[Notice]
) -> list[Document]:
    """A configuration that cannot be evaluated is still captured: its files are what is restored."""
    found = []
    for config in configs:
        name = config.relative_to(context.root).as_posix()
        try:
            found.append(effective_document(config, name, settings.env, settings.timeout, context))
        except SnapError as error:
            if error.where != str(config):
                raise
            notices.append(
                Notice(to_text(name), f"{error.what}: its effective configuration is not recorded")
            )
    return found


def plan(request: PlanRequest) -> list[Action]:
    """Actions on the files; then the caches; or one that explains why only the effective part differs."""
    ours = [change for change in request.changes.files if not _stays(request, change.path, change.after)]
    changes = msgspec.structs.replace(request.changes, files=ours)
    actions = plan_files(msgspec.structs.replace(request, changes=changes))
    if actions:
        return actions + [_clear(request.resource, path) for path in request.settings.clear]
    if any(change.id.partition(":")[0] == KIND for change in request.changes.facts):
        return [_follows(request.resource)]
    return []


def _stays(request: PlanRequest, path: str, after: object) -> bool:
    """Whether a file that the target does not have is left alone.

    Nobody requires it any more, but it was there, perhaps, before somebody did: only what the target
    records as absent, and the configuration itself, may be deleted.
    """
    if after is not None:
        return False
    name = to_text(path)
    stems = {name, name.rpartition(".")[0], name.rpartition("/")[0]}
    absent = {fact.name for fact in request.target.values() if fact.kind == _MISSING}
    return stems.isdisjoint(absent) and not _is_config(request.settings, path)


def _is_config(settings: Settings, path: str) -> bool:
    if settings.path is not None:
        return PurePosixPath(settings.path) == PurePosixPath(path)
    return path in USUAL_NAMES


def _clear(resource: str, path: str) -> Action:
    return Action(
        resource=resource,
        verb=Verb.DROP,
        subject=path,
        summary=f"remove the cache {path}",
        statements=(f"rm -r {path}",),
        payload={"remove_tree": path},
        undo=("nothing: the next build makes it again",),
        rank=_LAST,
    )


def _follows(resource: str) -> Action:
    text = "the effective configuration follows from the installed packages; run the rebuild hook"
    return Action(
        resource=resource,
        verb=Verb.ALTER,
        subject=KIND,
        summary=text,
        payload={"nothing": True},
        hazards=(Hazard(HazardName.UNVERIFIABLE, text),),
        rank=_LAST,
    )


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions on files, then the others."""
    apply_files(context.root, _on_files(actions), context)
    for action in actions:
        if "do" not in action.payload:
            context.journal.started(action)
            if "remove_tree" in action.payload:
                safewrite.remove_tree(context.root, action.payload["remove_tree"])
            context.journal.finished(action)
    context.journal.committed()


def tidy(settings: Settings, actions: Sequence[Action], context: Context) -> None:
    tidy_files(context.root, _on_files(actions))


def _on_files(actions: Sequence[Action]) -> list[Action]:
    return [action for action in actions if "do" in action.payload]


@contextmanager
def rehearse(
    settings: Settings, context: Context, folder: Path, actions: Sequence[Action]
) -> Iterator[Stage]:
    """The files in a scratch folder. What they come to takes the packages of the project: it is left out."""

    def leaves_out(identity: str) -> str:
        return "follows from installed packages" if identity.partition(":")[0] == KIND else ""

    yield Stage(
        settings=msgspec.structs.replace(settings, evaluate=False),
        root=folder,
        where="a scratch directory",
        leaves_out=leaves_out,
    )


def discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    """One resource where there is a configuration with a usual name."""
    found = [path.name for path in find_configs(root, None)]
    if not found:
        return []
    caches = [".next/cache"] if any(name.startswith("next.") for name in found) else ["node_modules/.cache"]
    return [Suggestion("webpack", {"clear": caches}, " and ".join(found), group="frontend")]


adapter = Adapter(
    name="webpack",
    format=1,
    summary="webpack and Next.js configuration, what it requires and what it comes to",
    settings=Settings,
    capture=capture,
    plan=plan,
    apply=apply,
    tidy=tidy,
    rehearse=rehearse,
    discover=discover,
)
