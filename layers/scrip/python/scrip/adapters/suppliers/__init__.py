"""Suppliers, one module each. Adding one: a module here, a line in `registry.py`."""
