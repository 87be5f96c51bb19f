"""``snapstore.toml`` → :class:`Config`, with errors that name file, line and key and never a value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from snapstore import adapter as adapters
from snapstore.config import notifying
from snapstore.config.addresses import check_remote, check_url
from snapstore.config.conversion import convert
from snapstore.config.largefiles import large_settings
from snapstore.config.preflight import preflight_config
from snapstore.config.source import REFERENCE, Keys, Source, dotted
from snapstore.config.tables import (
    Config,
    FileTable,
    HookConfig,
    HooksTable,
    HookTable,
    ResourceConfig,
    ResourceTable,
)
from snapstore.config.variables import Lenient, fill
from snapstore.config.watching import watch_config
from snapstore.errors import SnapError
from snapstore.model import HazardName
from snapstore.nearest import did_you_mean
from snapstore.secrets import REDACTOR

FILE = "snapstore.toml"
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_RESERVED = frozenset({"files", "plans", "snapshot.json"})
_TOML = "correct that line; https://toml.io shows how TOML is written"


def find(start: Path) -> Path:
    """The ``snapstore.toml`` of a folder or of the nearest one above it. SnapError when there is none."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if os.path.lexists(folder / FILE):  # one further up would be that of another project
            fix = "put a file there, or remove it"
            raise SnapError("not a file, or a link to none", where=str(folder / FILE), fix=fix)
    raise SnapError(
        f"no {FILE} here or in any folder above",
        where=str(start),
        fix="write one with: snap init",
    )


def locate(directory: Path, given: str | None) -> Path:
    """The file to use: the one that was given, else the nearest."""
    return (directory / given) if given else find(directory)


def load(path: Path, env: Mapping[str, str], *, live: bool = True) -> Config:
    """Read and check a configuration. SnapError names the file, the line and the key.

    ``live=False`` is for commands that only read the store: an unset variable, no resource, and an adapter
    that is not installed here are no errors then (``settings`` of its resources are None).
    """
    REDACTOR.add_environment(env)
    source = Source(path, _read(path))
    raw = _parse(source)
    filled = fill(source, raw, env if live else Lenient(env))
    table = convert(source, filled, FileTable, ())
    if live and not table.resources:
        raise source.error((), "no resource is configured", "add a table such as [resources.env]")
    root = path.absolute().parent
    resources = {name: _resource(source, name, value, live) for name, value in table.resources.items()}
    _check_names(source, resources)
    _check_groups(source, table, resources)
    _check_order(source, resources)
    check_remote(source, ("store", "remote"), table.store.remote)
    check_url(source, ("review", "api"), table.review.api)
    return Config(
        path=path.absolute(),
        root=root,
        store=root / Path(table.store.path).expanduser(),
        branch=table.store.branch,
        resources=resources,
        groups={name: tuple(members) for name, members in table.groups.items()},
        hooks=_hooks(table.hooks, root),
        allow=_hazards(table.restore.allow),
        refuse=frozenset(table.restore.refuse),
        data=table.restore.data,
        remote=table.store.remote,
        keep=table.store.keep,
        review=table.review,
        report=table.report,
        watch=watch_config(source, table.watch),
        preflight=preflight_config(source, table.preflight),
        notify=notifying.checked(source, table.notify),
        large=large_settings(source, table.large_files),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SnapError("no such file", where=str(path), fix="write one with: snap init") from None
    except UnicodeDecodeError as error:
        raise SnapError(
            f"not UTF-8 at byte {error.start}", where=str(path), fix="save the file as UTF-8"
        ) from None
    except OSError as error:
        fix = "name a file that this user may read"
        raise SnapError(f"cannot be read: {error.strerror}", where=str(path), fix=fix) from None


def _parse(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
        if found is None:
            raise SnapError(f"not valid TOML: {error}", where=str(source.path), fix=_TOML) from None
        what = f"not valid TOML: {found[1]} (column {found[3]})"
        raise SnapError(what, where=source.at(int(found[2])), fix=_TOML) from None
    except RecursionError:
        raise SnapError("its values are nested too deeply", where=str(source.path), fix=REFERENCE) from None


def _resource(source: Source, name: str, table: dict[str, Any], live: bool) -> ResourceConfig:
    at: Keys = ("resources", name)
    common_keys = {key: value for key, value in table.items() if key in ("adapter", "depends_on")}
    common = convert(source, common_keys, ResourceTable, at)
    if not live and common.adapter not in adapters.names():
        return ResourceConfig(name, common.adapter, None, tuple(common.depends_on))
    adapter = _adapter(source, common.adapter, (*at, "adapter"))
    own = {key: value for key, value in table.items() if key not in common_keys}
    settings = convert(source, own, adapter.settings, at)
    return ResourceConfig(name, common.adapter, settings, tuple(common.depends_on))


def _adapter(source: Source, name: str, at: Keys) -> adapters.Adapter:
    if name not in adapters.names():
        fix = did_you_mean(name, adapters.names(), "installed adapters")
        raise source.error(at, f"no adapter named {name!r} is installed", fix)
    return adapters.load(name)


def _check_names(source: Source, resources: Mapping[str, ResourceConfig]) -> None:
    seen: dict[str, str] = {}
    for name in resources:
        at: Keys = ("resources", name)
        if not re.fullmatch(_NAME, name) or name in _RESERVED or len(name) > 100:
            fix = f"letters, digits, - _ . (not first); not {' or '.join(sorted(_RESERVED))}"
            raise source.error(at, f"{name!r} cannot be the name of a resource", fix)
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            fix = "on some file systems both would be the same folder of a checkout"
            raise source.error(at, f"resources {other!r} and {name!r} differ in case only", fix)


def _check_groups(source: Source, table: FileTable, resources: Mapping[str, ResourceConfig]) -> None:
    known = partial(_known, source)
    for group, members in table.groups.items():
        for place, member in enumerate(members):
            known(("groups", group, place), member.partition(":")[0], resources, "resource")
    for resource in resources.values():
        for place, other in enumerate(resource.depends_on):
            known(("resources", resource.name, "depends_on", place), other, resources, "resource")
    for stage, hooks in msgspec.structs.asdict(table.hooks).items():
        for place, hook in enumerate(hooks):
            if hook.group is not None:
                known(("hooks", stage, place, "group"), hook.group, table.groups, "group")


def _known(source: Source, at: Keys, name: str, names: Mapping[str, Any], what: str) -> None:
    if name not in names:
        fix = did_you_mean(name, names, f"{what}s")
        raise source.error(at, f"`{dotted(at)}`: no {what} is named {name!r}", fix)


def _check_order(source: Source, resources: Mapping[str, ResourceConfig]) -> None:
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " → ".join([*above[above.index(name) :], name])
            raise source.error(("resources", name, "depends_on"), f"depends_on goes in a circle: {circle}")
        if name not in done:
            for other in resources[name].depends_on:
                visit(other, (*above, name))
            done.add(name)

    for name in resources:
        visit(name, ())


def _hooks(table: HooksTable, root: Path) -> dict[str, tuple[HookConfig, ...]]:
    stages: dict[str, list[HookTable]] = msgspec.structs.asdict(table)
    return {stage: tuple(_hook(hook, root) for hook in hooks) for stage, hooks in stages.items() if hooks}


def _hook(table: HookTable, root: Path) -> HookConfig:
    name = table.name or table.run.split("\n")[0][:60]
    folder = root / Path(table.cwd).expanduser()
    inherit = None if table.inherit is None else tuple(table.inherit)
    return HookConfig(
        table.run,
        name,
        table.group,
        table.timeout,
        folder,
        dict(table.env),
        inherit,
        table.retries,
        table.retry_delay,
    )


def _hazards(names: list[HazardName] | Literal["all"]) -> frozenset[HazardName]:
    return frozenset(HazardName if names == "all" else names)
