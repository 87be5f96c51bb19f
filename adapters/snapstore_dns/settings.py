"""What a ``[resources.NAME]`` table with ``adapter = "dns"`` may say."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``provider`` is how zones are read and written, ``server`` where, if not where everybody does: ``host``
    or ``host:port`` of a name server, the URL of an API, or the path of master files, in which ``{zone}``
    stands for the name of one. ``server_id`` is what PowerDNS calls itself in there, ``profile`` the profile
    whose credentials AWS is shown, ``options`` what a provider of octoDNS takes, its ``class`` among them.

    ``zones`` are the names of the zones, in A-labels or in Unicode, or their provider's ids.

    ``key`` is the key of the API, or the TSIG key as ``nsupdate -y`` takes it: ``[algorithm:]name:secret``.

    ``max_removed`` is the share of a zone's record sets that a restore may remove without being asked twice.

    ``timeout`` is how many seconds the server may take for an answer.
    """

    zones: tuple[str, ...]
    provider: Literal["rfc2136", "powerdns", "route53", "cloudflare", "masterfile", "octodns"] = "rfc2136"
    server: str = ""
    server_id: str = "localhost"
    key: str = ""
    profile: str = ""
    options: dict[str, Any] = {}
    max_removed: float = 0.3
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not self.zones:
            raise ValueError("zones has to name at least one zone")
        if not 0 <= self.max_removed <= 1:
            raise ValueError("max_removed is a share, from 0 to 1")
        if self.timeout <= 0:
            raise ValueError("timeout is a number of seconds")
