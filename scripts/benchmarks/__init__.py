"""What can be measured.

Each module with a function `run(report, *, ...)` is a benchmark, and `scripts/bench` calls it by the module's name. The
keyword parameters are its options, the module's docstring is its help, and `report` keeps and shows what it finds.
"""
