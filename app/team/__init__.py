"""The people of a team: how they come in, what they may do, and the record of it."""
