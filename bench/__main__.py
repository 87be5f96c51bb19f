"""Run all benchmarks, or those named."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bench

HELPERS = {"__main__", "database", "schema", "timing"}


def main(wanted: list[str]) -> int:
    names = [module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in HELPERS]
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(names)}", file=sys.stderr)
        return 1
    print(f"{'':<40} {'snap':>12} {'other':>12}   {'time':>6} {'CPU':>6}")
    for name in wanted or names:
        importlib.import_module(f"bench.{name}").run(lambda line: print(line, flush=True))
    return 0


sys.exit(main(sys.argv[1:]))
