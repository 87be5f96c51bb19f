"""Addresses in ``snapstore.toml``. A wrong one is told with its line, not shown: it may hold a password."""

from __future__ import annotations

from urllib.parse import urlsplit

from snapstore.config.source import Keys, Source, dotted

WEB = ("https", "http")
GIT = ("https", "http", "ssh", "git+ssh", "git", "file")
_ESCAPED = "what is not a letter or digit in a password is written as %XX: / as %2F, @ as %40"


def check_url(source: Source, at: Keys, url: str | None, schemes: tuple[str, ...] = WEB) -> None:
    """SnapError when this cannot be the address of anything. One with a variable that is not set passes."""
    if url and "${" not in url and not _is_url(url, schemes):
        known = ", ".join(f"{scheme}://" for scheme in schemes)
        fix = f"begin it with one of {known} and a host; {_ESCAPED}"
        raise source.error(at, f"`{dotted(at)}` is not an address that can be used", fix)


def check_remote(source: Source, at: Keys, remote: str | None) -> None:
    """The same of a Git remote, which may also be a folder or ``user@host:path``."""
    if remote and "://" in remote:
        check_url(source, at, remote, GIT)


def _is_url(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return known and parts.scheme in schemes and bool(parts.hostname or parts.scheme == "file")
