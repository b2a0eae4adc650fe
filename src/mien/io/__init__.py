"""Bytes ⇄ types: photos, videos, cameras, sound, folders and tables."""
