"""What all benchmarks share: how work is timed, where figures are kept, and what they are compared with."""
