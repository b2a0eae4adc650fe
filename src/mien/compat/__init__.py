"""Doors for people who come from other packages: their calls and their shapes, on the networks of this one."""
