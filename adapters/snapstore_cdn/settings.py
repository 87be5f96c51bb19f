"""What a ``[resources.NAME]`` table with ``adapter = "cdn"`` may say."""

from __future__ import annotations

from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``provider`` is whose cache it is, ``server`` where it is told what to do: ``host:port`` of Varnish's
    CLI, or the URL of an API that is not the provider's own. ``ids`` are those of CloudFront's distributions
    or of Fastly's services, ``profile`` that of the credentials in the configuration of AWS. ``zones`` are
    those of Cloudflare, by name or id; ``account`` is the id of its account, where that is captured too.

    ``secret_file`` is Varnish's file with the secret of its CLI, ``key`` the secret itself, or
    the token of an API.

    ``exclude`` are patterns of identities to leave alone (``param:thread_*``), ``sealed`` patterns of those
    whose texts are secrets.

    ``purge`` is what is purged after every restore, whatever it was of: ``everything``, ``tag:NAME``, or a
    path with or without its host, in which ``*`` stands for anything. ``tag_header`` is the header in which
    objects carry their tags; ``hit_rate`` the share of requests that the cache answers, for telling what a
    purge of everything means for the origin.

    ``settle_within`` is how many seconds a provider may take until what it was told is everywhere;
    ``timeout`` how many an answer may take.
    """

    provider: Literal["varnish", "cloudfront", "fastly", "cloudflare"] = "varnish"
    server: str = ""
    ids: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    account: str = ""
    profile: str = ""
    secret_file: str = ""
    key: str = ""
    exclude: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    purge: tuple[str, ...] = ()
    tag_header: str = "Cache-Tag"
    hit_rate: float = 0.9
    settle_within: float = 1200.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not 0 <= self.hit_rate < 1:
            raise ValueError("hit_rate is a share, from 0 to below 1")
        if self.timeout <= 0:
            raise ValueError("timeout is a number of seconds")
        for text in self.purge:
            if self.provider == "cloudfront" and (text.startswith("tag:") or "*" in text[:-1]):
                raise ValueError(f'CloudFront purges paths, with a "*" at their end or none, not {text!r}')
            host, _, path = text.partition("/")
            if self.provider == "cloudflare" and path and (not host or "*" in path[:-1]) and ":" not in host:
                raise ValueError(
                    f"Cloudflare purges addresses such as www.example.com/a or …/a*, not {text!r}"
                )
            if self.provider == "fastly" and path and (not host or "*" in path) and ":" not in host:
                raise ValueError(f"Fastly purges addresses such as www.example.com/a, not {text!r}")
            if text != "everything" and "/" not in text and not text.startswith("tag:"):
                raise ValueError(f'purge takes "everything", "tag:NAME" or a path ("/news/*"), not {text!r}')
