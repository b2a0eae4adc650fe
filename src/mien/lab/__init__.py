"""The authors' other systems, each alone in its folder; nothing of mien imports them."""
