"""Which files and folders belong to a resource."""

from __future__ import annotations

from re import Pattern

import msgspec

from snapstore.paths import from_bytes


class Selection(msgspec.Struct, frozen=True):
    """What to look at; see :mod:`.patterns`. ``git``: also folders and files named ``.git``.

    ``keep``: what else of them (:mod:`snapstore.filetree.attributes`).
    """

    include: Pattern[str] | None = None
    exclude: Pattern[str] | None = None
    git: bool = False
    keep: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether it takes all but what is named ``.git``."""
        return self.include is None and self.exclude is None

    def leaves_out(self, prefix: str, name: bytes, end: str = "") -> bool:
        """Whether this entry of a folder is not wanted, whatever ``include`` says; a folder ends in ``/``."""
        if name == b".git" and not self.git:
            return True
        return bool(self.exclude and self.exclude.match(prefix + from_bytes(name) + end))

    def would_take_with_git(self, path: str) -> bool:
        """Whether something named ``.git`` is left out for its name alone."""
        forms = (path, path + "/")
        excluded = self.exclude and any(map(self.exclude.match, forms))
        included = not self.include or any(map(self.include.match, forms))
        return included and not excluded and not self.git

    def takes(self, prefix: str, name: bytes) -> bool:
        """Whether a file is wanted."""
        if self.leaves_out(prefix, name):
            return False
        return not self.include or bool(self.include.match(prefix + from_bytes(name)))
