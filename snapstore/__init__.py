"""snapstore: the state of every system a deploy changes, as one Git commit, and the way back to it."""

__version__ = "0.1.0"
