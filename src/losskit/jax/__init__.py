"""The JAX face."""
