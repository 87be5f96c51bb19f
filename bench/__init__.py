"""Benchmarks against the tools a user would pick instead: ``python -m bench [NAME …]``.

Each module has ``NAME`` and ``run(report)``. Only ratios mean something: both sides run in turn, in one
process, on the same data, and the medians are compared (timing.py): of the time on the clock, and of the CPU
time of all processes that took part, which another load on the machine hardly changes.
"""
