"""What was read, to look at: boxes on pixels, timelines, the circumplex, and one HTML file that opens offline."""
