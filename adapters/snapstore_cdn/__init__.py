"""The CDN adapter of snapstore: what a cache in front of a site is told to do, through whoever runs it.

See docs/adapters/cdn.md.
"""

from __future__ import annotations

from snapstore.adapter import Adapter, later
from snapstore_cdn.settings import Settings

adapter = Adapter(
    name="cdn",
    format=1,
    summary="caches in front of a site: Varnish, CloudFront, Fastly and Cloudflare, and purging them",
    settings=Settings,
    capture=later("snapstore_cdn.capture:capture"),
    plan=later("snapstore_cdn.plan:plan"),
    apply=later("snapstore_cdn.apply:apply"),
    tidy=later("snapstore_cdn.apply:tidy"),
    follow=later("snapstore_cdn.purging:follow"),
    beyond=later("snapstore_cdn.comparing:beyond"),
    check=later("snapstore_cdn.look:check"),
)
