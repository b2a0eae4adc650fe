"""Measurements on people, albums, events and groups: `python -m mien.album.experiments NAME --data FOLDER`."""
