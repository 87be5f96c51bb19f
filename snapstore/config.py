"""``snapstore.toml`` → :class:`Config`, with errors that name file, line and key and never a value.

Values may hold ``${VAR}`` and ``${VAR:-default}``, read from the environment; ``$$`` is a dollar sign. What
comes from the environment may be a secret, so it is told to the redactor, except where the key says
that it is a name or a place (:data:`OPEN_KEYS`). The command of a hook is left as it is: the shell that
runs it expands ``${VAR}`` itself, so that no value becomes part of a command line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote

import msgspec

from snapstore import adapter as adapters
from snapstore.errors import SnapError
from snapstore.model import DataMode, HazardName
from snapstore.nearest import did_you_mean
from snapstore.secrets import REDACTOR

FILE = "snapstore.toml"
_REFERENCE = "correct it; `snap schema config` prints what the file may say"
OPEN_KEYS = frozenset(
    {"adapter", "api", "branch", "clear", "cwd", "exclude", "forge", "include", "path", "public"}
    | {"repository", "require", "schemas"}
)
"""Keys whose values are names or places: shown in messages even where they come from the environment."""

_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_RESERVED = frozenset({"files", "plans", "snapshot.json"})
_VARIABLE = re.compile(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|)")
_URL_PASSWORD = re.compile(r"://[^/@\s:]*:([^@\s]+)@|\bpassword\s*=\s*'?([^'\s&]+)")
_HEADER = r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$"
_KEY = r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""

T = TypeVar("T")
Keys = tuple[str | int, ...]


class ResourceConfig(msgspec.Struct, frozen=True):
    """A resource: ``settings`` is an instance of its adapter's settings type."""

    name: str
    adapter: str
    settings: Any
    depends_on: tuple[str, ...] = ()


class HookConfig(msgspec.Struct, frozen=True):
    """A command of the user, run by ``sh -c`` in ``cwd`` with ``env`` added; ``timeout`` in seconds.

    With a ``group`` it runs only when a resource of that group is part of the operation.
    """

    run: str
    name: str
    group: str | None = None
    timeout: float = 600.0
    cwd: Path = Path()
    env: Mapping[str, str] = msgspec.field(default_factory=dict)

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
    """Where restores are reviewed, which the URL of the store's remote tells, and who has to agree."""

    forge: Forge | None = None
    api: str | None = None
    repository: str | None = None
    token: str | None = None
    require: Require | None = None
    approvals: Annotated[int, msgspec.Meta(ge=1)] = 1

    def __repr__(self) -> str:
        return f"ReviewTable(forge={self.forge!r})"  # the token is a secret


class Config(msgspec.Struct, frozen=True):
    """A valid configuration: every name that it refers to exists, every path is absolute.

    ``branch`` is None where the file names none: then it is that of the store.
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
    review: ReviewTable = ReviewTable()


class StoreTable(msgspec.Struct, forbid_unknown_fields=True):
    """Where snapshots are kept: a bare Git repository, one branch per environment."""

    path: Annotated[str, msgspec.Meta(min_length=1)] = "snapshots"
    branch: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    remote: str | None = None


class HookTable(msgspec.Struct, forbid_unknown_fields=True):
    """A command to run; with a group, only when a resource of that group takes part."""

    run: Annotated[str, msgspec.Meta(min_length=1)]
    group: str | None = None
    name: str = ""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    cwd: str = "."
    env: dict[str, str] = {}


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
    groups: dict[str, list[str]] = {}
    hooks: HooksTable = msgspec.field(default_factory=HooksTable)
    restore: RestoreTable = msgspec.field(default_factory=RestoreTable)
    review: ReviewTable = ReviewTable()


class ResourceTable(msgspec.Struct):
    """The part of a resource's table that is the same for every adapter."""

    adapter: str
    depends_on: list[str] = []


class _Source(msgspec.Struct, frozen=True):
    """The text of a file, to say where in it something is wrong."""

    path: Path
    text: str

    def error(self, path: Keys, what: str, fix: str = "") -> SnapError:
        return SnapError(what, where=self.at(line_of(self.text, path)), fix=fix or _REFERENCE)

    def at(self, line: int | None) -> str:
        return f"{self.path}:{line}" if line else str(self.path)


def find(start: Path) -> Path:
    """The ``snapstore.toml`` of a folder or of the nearest one above it. SnapError when there is none."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
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
    source = _Source(path, _read(path))
    raw = _parse(source)
    filled = _fill(source, raw, env if live else _Lenient(env))
    table = _convert(source, filled, FileTable, ())
    if live and not table.resources:
        raise source.error((), "no resource is configured", "add a table such as [resources.env]")
    root = path.absolute().parent
    resources = {name: _resource(source, name, value, live) for name, value in table.resources.items()}
    _check_names(source, resources)
    _check_groups(source, table, resources)
    _check_order(source, resources)
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
        review=table.review,
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


def _parse(source: _Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
        if found is None:
            raise SnapError(f"not valid TOML: {error}", where=str(source.path), fix=_TOML) from None
        what = f"not valid TOML: {found[1]} (column {found[3]})"
        raise SnapError(what, where=source.at(int(found[2])), fix=_TOML) from None
    except RecursionError:
        raise SnapError("its values are nested too deeply", where=str(source.path), fix=_REFERENCE) from None


_TOML = "correct that line; https://toml.io shows how TOML is written"


# Variables of the environment


class _Lenient(Mapping[str, str]):
    """The environment, with every variable that is not set standing for itself."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def __getitem__(self, name: str) -> str:
        return self._env.get(name, f"${{{name}}}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)


def _fill(source: _Source, raw: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """The tables with variables filled in; all that are not set are named at once."""
    missing: list[str] = []

    def visit(path: Keys, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: visit((*path, key), inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [visit((*path, place), inner) for place, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if path[0] == "hooks" and path[-1] == "run":
            _remember_variables(value, env)
            return value
        return _fill_text(source, path, value, env, missing)

    filled: dict[str, Any] = visit((), raw)
    if missing:
        raise _unset(source, missing)
    return filled


def _fill_text(source: _Source, path: Keys, text: str, env: Mapping[str, str], missing: list[str]) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    secret = key not in OPEN_KEYS

    def value_of(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if found[0] == "$$":
            return "$"
        if name is None:
            raise source.error(
                path, f"`{_dotted(path)}` has `${{` without a variable's name and `}}`", _ESCAPE
            )
        value = _lookup(env, name)
        if not value and default is not None:
            return str(default)
        if value is None:
            missing.append(str(name))
            return ""
        if secret:
            REDACTOR.add(value)
        return value

    filled = _VARIABLE.sub(value_of, text)
    _remember_password(filled)
    return filled


_ESCAPE = "a variable is written ${NAME} or ${NAME:-default}, a dollar sign $$"


def _lookup(env: Mapping[str, str], name: str) -> str | None:
    try:
        return env[name]
    except KeyError:
        return None


def _remember_variables(command: str, env: Mapping[str, str]) -> None:
    """Tell the redactor what the shell will put into a hook's command."""
    for name in re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", command):
        if env.get(name) and name not in ("HOME", "PATH", "PWD", "USER", "SHELL", "LANG"):
            REDACTOR.add(env[name])


def _remember_password(text: str) -> None:
    for found in _URL_PASSWORD.finditer(text):
        password = found[1] or found[2]
        REDACTOR.add(password)
        REDACTOR.add(unquote(password))


def _unset(source: _Source, missing: list[str]) -> SnapError:
    names = list(dict.fromkeys(missing))
    lines = {name: _line_with(source.text, f"${{{name}}}") for name in names}
    if len(names) == 1:
        what = f"the variable {names[0]} is not set"
    else:
        listed = ", ".join(f"{name} (line {lines[name]})" for name in names)
        what = f"{len(names)} variables are not set: {listed}"
    fix = f"set it, or give a default: ${{{names[0]}:-…}}"
    return SnapError(what, where=source.at(lines[names[0]]), fix=fix)


# Types and unknown keys


def _convert(source: _Source, value: Any, kind: type[T], at: Keys) -> T:
    _refuse_unknown(source, value, kind, at)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        path = at + _json_path(where.rstrip("`"))
        raise _wrong(source, path, text) from None


def _wrong(source: _Source, path: Keys, text: str) -> SnapError:
    """A validation error in the words of this file; a value that was given is left out."""
    missing = re.search(r"missing required field `(\w+)`", text)
    if missing:
        return source.error(path, f"`{_dotted((*path, missing[1]))}` is missing")
    if text.startswith("Invalid enum value"):
        return source.error(path, f"`{_dotted(path)}` is none of the values it may have", _choices(path))
    words = text.replace("`", "").replace("Expected ", "expected ")
    for theirs, ours in (
        ("object", "table"),
        ("array", "list"),
        ("str", "string"),
        ("bool", "true or false"),
    ):
        words = re.sub(rf"\b{theirs}\b", ours, words)
    return source.error(path, f"`{_dotted(path)}`: {words}" if path else words)


def _choices(path: Keys) -> str:
    if path[:1] == ("review",):
        return f"it may be: {', '.join(Forge if path[-1] == 'forge' else Require)}"
    if path[:1] == ("restore",):
        values: list[str] = [*DataMode] if path[-1] == "data" else [*HazardName]
        return f"it may be: {', '.join(values)}"
    return "see `snap schema config` for the values it may have"


def _refuse_unknown(source: _Source, value: Any, kind: Any, at: Keys) -> None:
    """Unknown keys, wherever a table has a type; msgspec would name them without the nearest known one."""
    for path, known in _unknown(msgspec.inspect.type_info(kind), value, at):
        fix = did_you_mean(str(path[-1]), known, "known keys")
        raise source.error(path, f"unknown key `{_dotted(path)}`", fix)


def _unknown(kind: msgspec.inspect.Type, value: Any, at: Keys) -> Iterator[tuple[Keys, list[str]]]:
    inspect = msgspec.inspect
    if isinstance(kind, inspect.Metadata):
        yield from _unknown(kind.type, value, at)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _unknown(option, value, at)
    elif isinstance(kind, inspect.StructType | inspect.DataclassType) and isinstance(value, dict):
        fields = {item.encode_name: item.type for item in kind.fields}
        for key, inner in value.items():
            if key not in fields:
                yield (*at, key), list(fields)
            else:
                yield from _unknown(fields[key], inner, (*at, key))
    elif isinstance(kind, inspect.DictType) and isinstance(value, dict):
        for key, inner in value.items():
            yield from _unknown(kind.value_type, inner, (*at, key))
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType) and isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unknown(kind.item_type, inner, (*at, place))


# Resources, groups, hooks


def _resource(source: _Source, name: str, table: dict[str, Any], live: bool) -> ResourceConfig:
    at: Keys = ("resources", name)
    common_keys = {key: value for key, value in table.items() if key in ("adapter", "depends_on")}
    common = _convert(source, common_keys, ResourceTable, at)
    if not live and common.adapter not in adapters.names():
        return ResourceConfig(name, common.adapter, None, tuple(common.depends_on))
    adapter = _adapter(source, common.adapter, (*at, "adapter"))
    own = {key: value for key, value in table.items() if key not in common_keys}
    settings = _convert(source, own, adapter.settings, at)
    return ResourceConfig(name, common.adapter, settings, tuple(common.depends_on))


def _adapter(source: _Source, name: str, at: Keys) -> adapters.Adapter:
    if name not in adapters.names():
        fix = did_you_mean(name, adapters.names(), "installed adapters")
        raise source.error(at, f"no adapter named {name!r} is installed", fix)
    return adapters.load(name)


def _check_names(source: _Source, resources: Mapping[str, ResourceConfig]) -> None:
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


def _check_groups(source: _Source, table: FileTable, resources: Mapping[str, ResourceConfig]) -> None:
    known = partial(_known, source)
    for group, members in table.groups.items():
        for place, member in enumerate(members):
            known(("groups", group, place), member, resources, "resource")
    for resource in resources.values():
        for place, other in enumerate(resource.depends_on):
            known(("resources", resource.name, "depends_on", place), other, resources, "resource")
    for stage, hooks in msgspec.structs.asdict(table.hooks).items():
        for place, hook in enumerate(hooks):
            if hook.group is not None:
                known(("hooks", stage, place, "group"), hook.group, table.groups, "group")


def _known(source: _Source, at: Keys, name: str, names: Mapping[str, Any], what: str) -> None:
    if name not in names:
        fix = did_you_mean(name, names, f"{what}s")
        raise source.error(at, f"`{_dotted(at)}`: no {what} is named {name!r}", fix)


def _check_order(source: _Source, resources: Mapping[str, ResourceConfig]) -> None:
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
    return HookConfig(table.run, name, table.group, table.timeout, folder, dict(table.env))


def _hazards(names: list[HazardName] | Literal["all"]) -> frozenset[HazardName]:
    return frozenset(HazardName if names == "all" else names)


# Where in the text


def _dotted(path: Keys) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _json_path(text: str) -> Keys:
    """The keys of an error of msgspec, such as ``.store.path`` or ``.allow[1]``; ``[...]`` is any key."""
    parts: list[str | int] = []
    for key, place in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", text):
        if key:
            parts.append(key)
        elif place.isdigit():
            parts.append(int(place))
    return tuple(parts)


def _line_with(text: str, part: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if part in line and not line.lstrip().startswith("#"):
            return number
    return None


def line_of(text: str, path: Keys) -> int | None:
    """The line of a key: where it is set, or where the innermost table is that is written out.

    A scan of headers and keys, good enough to point at; the TOML itself was parsed properly before.
    """
    wanted = tuple(part for part in path if isinstance(part, str))
    best: tuple[int, int] | None = None
    for number, keys in _keys(text):
        common = _common(keys, wanted)
        if common and common == min(len(keys), len(wanted)) and (best is None or common > best[0]):
            best = (common, number)
    if best is None:
        return None
    depth, number = best
    return _inside(text, number, wanted[depth:])


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each header and each ``key =`` with its line, as the whole way from the top."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(_HEADER, line):
            table = _split(header[1])
            yield number, table
        elif key := re.match(_KEY, line):
            yield number, (*table, *_split(key[1]))


def _split(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _inside(text: str, number: int, rest: tuple[str, ...]) -> int:
    """The line of a key of an inline table that begins at line ``number``."""
    if rest:
        for later, line in enumerate(text.splitlines()[number - 1 :], number):
            if re.search(rf"\b{re.escape(rest[-1])}\b[\"']?\s*=", line):
                return later
    return number
