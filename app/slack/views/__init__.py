"""Modals, as values. Pure."""
