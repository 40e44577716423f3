"""Verbs: one use case a module, gather -> decide (domain) -> apply."""
