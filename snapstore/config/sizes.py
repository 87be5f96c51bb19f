"""How an amount of bytes is written in ``snapstore.toml``, under whatever key."""

from __future__ import annotations

import re

from snapstore.config.source import Keys, Source, dotted

_UNITS = {"": 1, "B": 1, "KB": 10**3} | {
    f"{prefix}{unit}": base**power
    for power, prefix in enumerate("kMGT", 1)
    for unit, base in (("B", 1000), ("iB", 1024))
}
_UNITS["KiB"] = _UNITS.pop("kiB")
_SIZE = re.compile(rf"(\d{{1,12}}(?:\.\d{{1,12}})?)\s*({'|'.join(_UNITS)})")


def size(source: Source, at: Keys, text: str, instead: str = "") -> int:
    """Bytes, of ``500MB``, ``1.5 GiB`` or ``4096``. SnapError says what may be there ``instead``."""
    found = _SIZE.fullmatch(text)
    if found is None:
        fix = f'write "100MB", "1.5GB" or "2GiB"{instead}'
        raise source.error(at, f"`{dotted(at)}` is no size", fix)
    return int(float(found[1]) * _UNITS[found[2]])
