"""The configuration: ``snapstore.toml`` → :class:`Config`."""

from snapstore.config.loading import FILE, find, load, locate
from snapstore.config.tables import Config, Forge, HookConfig, Require, ResourceConfig, ReviewTable

__all__ = [
    "FILE",
    "Config",
    "Forge",
    "HookConfig",
    "Require",
    "ResourceConfig",
    "ReviewTable",
    "find",
    "load",
    "locate",
]
