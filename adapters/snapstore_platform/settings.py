"""What a ``[resources.NAME]`` table with ``adapter = "platform"`` may say."""

from __future__ import annotations

from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``project`` is the id or the name of a project on Vercel, or of an app on Heroku, ``team`` the id of
    the team on Vercel that has it; ``token`` lets us in.

    ``public`` are patterns of variables whose values may be seen in snapshots; all others are sealed.
    ``exclude`` are patterns of variables to leave alone.

    ``server`` is where the API is, ``""`` for the provider's own; ``timeout`` is how many seconds it may take
    for an answer.
    """

    provider: Literal["vercel", "heroku"]
    project: str
    token: str
    team: str = ""
    public: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    server: str = ""
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not self.project:
            raise ValueError("project has to name a project or an app")
        if not self.token:
            raise ValueError("token has to be a token of the provider's API")
        if self.team and self.provider != "vercel":
            raise ValueError("teams are for Vercel alone")
        if self.timeout <= 0:
            raise ValueError("timeout is a number of seconds")
