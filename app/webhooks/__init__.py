"""Events, told to other servers by HTTP."""
