"""Every loss, face, dtype and size against its peer: ``python -m benchmarks everywhere``."""
