"""The library that speaks HTTP, for those who can do without it until they are asked for more."""

from __future__ import annotations

from typing import Any

from snapstore.errors import SnapError


def httpx_for(what: str, extra: str) -> Any:
    """httpx, loaded when it is needed. SnapError where it is not installed: ``what`` needs that extra."""
    try:
        import httpx
    except ImportError:
        fix = f"pip install 'snapstore[{extra}]'"
        raise SnapError(f"{what} need the extra `{extra}`", fix=fix) from None
    return httpx
