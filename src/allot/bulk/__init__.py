"""Many people at once: read, compare, plan, rehearse, apply."""
