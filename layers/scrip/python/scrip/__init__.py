"""Scrip sells, seals, delivers and settles virtual goods."""
