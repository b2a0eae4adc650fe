"""Many faces of one picture → what the group shows: positive, neutral or negative."""
