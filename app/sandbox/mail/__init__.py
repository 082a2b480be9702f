"""The mail servers the demo and the tests start beside SharedBox: made by others, run by us."""
