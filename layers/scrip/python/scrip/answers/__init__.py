"""Parts of handlers that are too long for one file, under the rules of handlers."""
