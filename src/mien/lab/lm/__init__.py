"""Compressing recurrent language models so that next-word suggestion fits a phone's keyboard."""
