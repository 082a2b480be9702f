"""What stands in for the outside world on one machine. Only the demo and tests import it."""
