"""The dotenv adapter of snapstore: one env file, to the byte, with every value sealed by default."""

from __future__ import annotations

from snapstore.adapter import Adapter
from snapstore_dotenv.apply import apply, tidy
from snapstore_dotenv.capture import capture
from snapstore_dotenv.look import check, discover
from snapstore_dotenv.place import rehearse
from snapstore_dotenv.plan import plan
from snapstore_dotenv.settings import Settings

adapter = Adapter(
    name="dotenv",
    format=1,
    summary="an env file, restored to the byte; values sealed, one fact per variable",
    settings=Settings,
    capture=capture,
    plan=plan,
    apply=apply,
    tidy=tidy,
    rehearse=rehearse,
    check=check,
    discover=discover,
)
