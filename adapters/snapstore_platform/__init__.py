"""The platform adapter of snapstore: the environment variables of a project on Vercel or an app on Heroku.

See docs/adapters/platform.md.
"""

from __future__ import annotations

from snapstore.adapter import Adapter, later
from snapstore_platform.settings import Settings

adapter = Adapter(
    name="platform",
    format=1,
    summary="environment variables of a project on Vercel or an app on Heroku",
    settings=Settings,
    capture=later("snapstore_platform.capture:capture"),
    plan=later("snapstore_platform.plan:plan"),
    apply=later("snapstore_platform.apply:apply"),
    beyond=later("snapstore_platform.comparing:beyond"),
    check=later("snapstore_platform.capture:check"),
)
