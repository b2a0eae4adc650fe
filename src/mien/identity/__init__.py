"""Who is who: comparing, gating, enrolling, clustering and tracking faces by their unit vectors."""
