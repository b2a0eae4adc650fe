"""Training: the one part of the package where torch lives."""
