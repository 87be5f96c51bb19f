"""Which word a user may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word closest to ``word``, None when none is close."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], what: str) -> str:
    """What to tell somebody who wrote an unknown ``word``: the nearest, or else all ``what`` there are."""
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return f"did you mean {close!r}?"
    return f"{what}: {', '.join(names)}" if names else f"there are no {what}"
