"""A flash sale that no machine of ours could hold, simulated event by event."""
