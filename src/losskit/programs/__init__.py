"""Cards as small programs: traced, simplified, handed to the kernels."""
