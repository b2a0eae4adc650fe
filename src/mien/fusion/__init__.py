"""Several signals of the same rows, or several sources of one clip, made one."""
