"""What is kept of files beyond content and permissions where a resource asks for it (``keep``).

* ``owner:PATH`` with ``user`` and ``group``, by name, by number where there is none: of every file and folder
  that is not root's;
* ``mtime:PATH`` with ``mtime``: nanoseconds since 1970 of a file;
* ``xattr:PATH`` with one attribute for each extended attribute: text where it is printable, else
  ``base64:…``. Those of users, access lists (ACLs, see acl(5)) and file capabilities (capabilities(7)); the
  others belong to the system that the file is on;
* ``hardlink:PATH`` with ``to``: the file is another name of that one, the first of all of them.
"""

from __future__ import annotations

import binascii
import errno
import grp
import os
import pwd
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec

from snapstore.errors import SnapError
from snapstore.model import Fact, Json, ResourceChanges
from snapstore.paths import to_text

OWNER, MTIME, XATTR, HARDLINK = KINDS = ("owner", "mtime", "xattr", "hardlink")

KEEP = "keep"
"""The hint that names the kinds that a capture was asked for."""

_XATTRS = ("system.posix_acl_access", "system.posix_acl_default", "security.capability")
_BASE64 = "base64:"


class Attributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to give a file; None for what stays. ``owner`` is ``user:group``; ``xattrs`` are all of them."""

    owner: str | None = None
    mtime: int | None = None
    xattrs: dict[str, str] | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.owner, self.mtime, self.xattrs))


NOTHING = Attributes()


# -- captured ----------------------------------------------------------------------------------------------


class Seen:
    """Collects the facts of one walk. Of what is not in ``keep`` it counts what a restore will lose."""

    def __init__(self, keep: Collection[str], root: os.stat_result) -> None:
        self._keep = frozenset(keep)
        self._root = (root.st_uid, root.st_gid)
        self.everything = not self._keep.isdisjoint((OWNER, MTIME, XATTR))
        """Whether it has to look at each file, not only at those of other owners or with other names."""
        self._names: dict[tuple[int, int], list[str]] = defaultdict(list)
        self._foreign = 0
        self.facts: list[Fact] = []

    def concerns(self, status: os.stat_result) -> bool:
        """Whether there is anything to look at."""
        return self.everything or status.st_nlink > 1 or (status.st_uid, status.st_gid) != self._root

    def look(self, path: str, source: bytes, status: os.stat_result, *, file: bool) -> None:
        """At one file or folder."""
        self._foreign += (status.st_uid, status.st_gid) != self._root
        if OWNER in self._keep and (status.st_uid, status.st_gid) != (0, 0):
            self.facts.append(_owner_fact(path, status))
        if file and status.st_nlink > 1:
            self._names[status.st_dev, status.st_ino].append(path)
        if file and MTIME in self._keep:
            self.facts.append(Fact(f"{MTIME}:{to_text(path)}", {"mtime": status.st_mtime_ns}))
        if XATTR in self._keep:
            self.facts += _xattr_facts(path, source)

    def told(self) -> tuple[Any, ...]:
        """What it has collected, as plain values for :meth:`add`."""
        facts = [(fact.id, fact.attrs) for fact in self.facts]
        return self._foreign, [(*file, names) for file, names in self._names.items()], facts

    def add(self, told: tuple[Any, ...]) -> None:
        """What another one has collected of another part of the tree."""
        foreign, names, facts = told
        self._foreign += foreign
        for device, inode, paths in names:
            self._names[device, inode] += paths
        self.facts += [Fact(*fact) for fact in facts]

    def finish(self) -> Iterator[str]:
        """Add what only the whole tree tells; a line for each kind that is there and not kept."""
        groups = [sorted(names) for names in self._names.values() if len(names) > 1]
        if HARDLINK in self._keep:
            self.facts += [
                Fact(f"{HARDLINK}:{to_text(name)}", {"to": to_text(first)})
                for first, *others in groups
                for name in others
            ]
        elif groups:
            count = sum(map(len, groups))
            yield f"{count} files are hard links of each other: restored as files of their own"
        if self._foreign and OWNER not in self._keep:
            what = "1 entry has" if self._foreign == 1 else f"{self._foreign} entries have"
            yield f"{what} another owner than the folder: owners are not captured"


def _owner_fact(path: str, status: os.stat_result) -> Fact:
    return Fact(f"{OWNER}:{to_text(path)}", {"user": _user(status.st_uid), "group": _group(status.st_gid)})


@cache
def _user(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


@cache
def _group(gid: int) -> str:
    with suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)


def _xattr_facts(path: str, source: bytes) -> Iterator[Fact]:
    found = {name: _text(value) for name, value in _xattrs(source)}
    if found:
        yield Fact(f"{XATTR}:{to_text(path)}", found)


def _xattrs(file: bytes | int) -> Iterator[tuple[str, bytes]]:
    """The extended attributes that are kept, of a path (never through a link) or a descriptor."""
    follow = isinstance(file, int)
    try:
        names = os.listxattr(file, follow_symlinks=follow) if hasattr(os, "listxattr") else []
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOENT):
            return
        raise
    for name in names:
        if name.startswith("user.") or name in _XATTRS:
            yield name, os.getxattr(file, name, follow_symlinks=follow)


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    plain = text.isprintable() and text.encode() == value and not text.startswith(_BASE64)
    return text if plain else _BASE64 + binascii.b2a_base64(value, newline=False).decode()


def _value(text: str) -> bytes:
    return binascii.a2b_base64(text.removeprefix(_BASE64)) if text.startswith(_BASE64) else text.encode()


# -- wanted ------------------------------------------------------------------------------------------------


def wanted(path: str, facts: Mapping[str, Fact], kept: Collection[str]) -> Attributes:
    """What these facts say of the path's text; whatever no fact tells is as it usually is."""
    if not kept:
        return NOTHING
    owner = facts.get(f"{OWNER}:{path}")
    mtime = facts.get(f"{MTIME}:{path}")
    xattrs = facts.get(f"{XATTR}:{path}")
    return Attributes(
        owner=_owner(owner) if OWNER in kept else None,
        mtime=mtime.attrs["mtime"] if MTIME in kept and mtime else None,
        xattrs=(dict(xattrs.attrs) if xattrs else {}) if XATTR in kept else None,
    )


def _owner(fact: Fact | None) -> str:
    return f"{fact.attrs['user']}:{fact.attrs['group']}" if fact else f"{_user(0)}:{_group(0)}"


def may_own(owner: str) -> bool:
    """Whether this process may make files belong to ``user:group``."""
    user, _, group = owner.rpartition(":")
    if os.geteuid() == 0:
        return True
    return user == _user(os.geteuid()) and group in map(_group, {os.getegid(), *os.getgroups()})


def told(attributes: Attributes) -> Iterable[str]:
    """For people, in the words of the tools that do the same."""
    if attributes.owner is not None:
        yield f"owner {attributes.owner}"
    if attributes.mtime is not None:
        yield f"mtime {attributes.mtime}"
    if attributes.xattrs:
        yield f"extended attributes {', '.join(sorted(attributes.xattrs))}"


def not_asked(changes: ResourceChanges, live: Mapping[str, Json], target: Mapping[str, Json]) -> set[str]:
    """The identities of differences that are there only because one side was not asked for their kind."""
    one_sided = {*live.get(KEEP, ())} ^ {*target.get(KEEP, ())}
    return {change.id for change in changes.facts if change.id.partition(":")[0] in one_sided}


# -- given -------------------------------------------------------------------------------------------------


def give(descriptor: int, attributes: Attributes, mode: int | None) -> None:
    """Give an open file or folder these attributes, and these permission bits or the ones that it has.

    OSError when the system refuses.
    """
    if mode is None:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if attributes.owner is not None:
        user, _, group = attributes.owner.rpartition(":")
        _chown(descriptor, _uid(user), _gid(group))
    os.fchmod(descriptor, mode)  # after the owner, whose change takes set-user-id bits away
    if attributes.xattrs is not None:
        _set_xattrs(descriptor, attributes.xattrs)
    if attributes.mtime is not None:
        os.utime(descriptor, ns=(os.fstat(descriptor).st_atime_ns, attributes.mtime))


def _chown(descriptor: int, uid: int, gid: int) -> None:
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (uid, gid):
        with suppress(PermissionError):  # what the plan said, and somebody allowed
            os.fchown(descriptor, uid, gid)


def _set_xattrs(descriptor: int, xattrs: Mapping[str, str]) -> None:
    found = dict(_xattrs(descriptor))
    for name in found.keys() - xattrs.keys():
        os.removexattr(descriptor, name)
    for name, text in xattrs.items():
        if found.get(name) != _value(text):
            os.setxattr(descriptor, name, _value(text))


def _uid(name: str) -> int:
    with suppress(KeyError):
        return pwd.getpwnam(name).pw_uid
    return _numeric(name, "user")


def _gid(name: str) -> int:
    with suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return _numeric(name, "group")


def _numeric(name: str, what: str) -> int:
    if name.isdecimal():
        return int(name)
    raise SnapError(f"there is no {what} named {name!r} here", fix="create it, then run the command again")
