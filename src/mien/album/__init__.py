"""A folder of photos and videos → people, events, private and public photos; all kept beside it, on this device."""
