"""Callbacks that somebody made to cheat, to confuse or by accident, at every payment gateway."""
