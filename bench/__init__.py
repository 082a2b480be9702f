"""Measurements. Run by `make bench`."""
