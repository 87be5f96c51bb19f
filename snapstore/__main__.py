"""Entry point of ``snap``: answers ``--version`` before anything else is imported."""

from __future__ import annotations

import sys

from snapstore import __version__


def main() -> None:
    """Run the command line; never returns."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"snap {__version__}\n")
        raise SystemExit(0)
    from snapstore.cli import run

    run()


if __name__ == "__main__":
    main()
