"""What holds for the whole tree, checked by machine."""
