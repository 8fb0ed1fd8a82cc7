"""Times losskit and its peers on the same arrays: ``python -m benchmarks`` from the repository."""
