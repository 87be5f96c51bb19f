"""Makes a store, and opens one: a bare Git repository with its format's version in its Git configuration."""

from __future__ import annotations

import re
from pathlib import Path

from snapstore.errors import SnapError
from snapstore.store import durable
from snapstore.store.refs import HEADS, Refs, is_valid

FORMAT = 1
_CONFIG = f"""\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogallrefupdates = true
[snapstore]
\tformat = {FORMAT}
"""
_SECTION = re.compile(r"\[\s*([A-Za-z0-9.-]+)(?:\s+\"(.*)\")?\s*\]")
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?\Z")
_INIT = "'snap init' makes a store; [store] path in snapstore.toml says where it is"


def create(root: Path, branch: str) -> None:
    """Make an empty store in a folder that is not there, or holds nothing but dot files.

    HEAD is written last: without it the folder is no store, so what a crash leaves can be made again.
    """
    check_branch(branch)
    if (root / "HEAD").exists():
        raise SnapError(
            "there is a store already", where=str(root), fix="use it as it is, or choose another [store] path"
        )
    with durable.writing(root):
        for folder in ("objects/pack", "objects/info", "refs/heads", "refs/tags", "snapstore"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        durable.write_file(root / "config", _CONFIG.encode(), mode=0o644)
        durable.write_file(root / "HEAD", f"ref: {HEADS}{branch}\n".encode(), mode=0o644)


def check_branch(branch: str) -> None:
    """SnapError when Git does not allow this as the name of a branch."""
    if not is_valid(HEADS + branch) or branch.startswith("-") or branch == "HEAD":
        raise SnapError(
            f"{branch!r} cannot be the name of a branch",
            where="[store] branch",
            fix="use letters, digits and dashes",
        )


def check_format(root: Path) -> None:
    """SnapError when ``root`` is missing, is no store, or is one that this version cannot read."""
    if not root.is_dir():
        reason = "it is not a folder" if root.exists() else "there is no store"
        raise SnapError(reason, where=str(root), fix=_INIT)
    if not (root / "HEAD").is_file() or not (root / "objects").is_dir():
        missing = "HEAD" if (root / "objects").is_dir() else "objects"
        raise SnapError(
            f"it is not a store (a bare Git repository): it has no {missing}", where=str(root), fix=_INIT
        )
    settings = _settings(root / "config")
    _check_version(root, settings.get("snapstore.format", str(FORMAT)))
    if settings.get("extensions.objectformat", "sha1") != "sha1":
        raise SnapError(
            "its objects are named by SHA-256; only SHA-1 is supported", where=str(root), fix=_INIT
        )
    if settings.get("extensions.refstorage", "files") != "files":
        raise SnapError(
            "its refs are kept in a reftable; only files are supported", where=str(root), fix=_INIT
        )
    _check_head(root)


def _check_version(root: Path, version: str) -> None:
    where = f"{root / 'config'} [snapstore] format"
    if not version.isdecimal():
        raise SnapError(f"{version!r} is no format version", where=where, fix=f"it should be {FORMAT}")
    if int(version) > FORMAT:
        raise SnapError(
            f"the store has format {version}, this snapstore knows formats up to {FORMAT}",
            where=str(root),
            fix="upgrade snapstore: pip install --upgrade snapstore",
        )


def _check_head(root: Path) -> None:
    text = (root / "HEAD").read_text("utf-8", "replace").strip()
    name = text.removeprefix("ref: ")
    if not (re.fullmatch("[0-9a-f]{40}", text) or (text.startswith("ref: ") and is_valid(name))):
        fix = f"write 'ref: {HEADS}main' (or the name of your branch) into that file"
        raise SnapError("HEAD is damaged: it names no branch", where=str(root / "HEAD"), fix=fix)
    Refs(root).read("HEAD")


def _settings(path: Path) -> dict[str, str]:
    """A Git configuration's settings as ``section.key``: enough for the few that matter here."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return {}
    section, settings = "", {}
    for line in (line.strip() for line in lines):
        if heading := _SECTION.match(line):
            section = ".".join(filter(None, heading.groups())).lower()
        elif setting := _SETTING.match(line):
            settings[f"{section}.{setting[1].lower()}"] = (setting[2] or "true").strip(' "')
    return settings
