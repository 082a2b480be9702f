"""Here an account is tended on a virtual clock; elsewhere `tended` is one on a hostile server."""

from tests.fixtures.tending import tended

__all__ = ["tended"]
