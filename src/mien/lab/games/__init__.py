"""Emotional players in small games: does a feeling change the play, and in which direction."""
