"""What a process keeps for all of its life, and Python need not look through again and again."""

import gc


def set_aside() -> None:
    """Have the garbage collector pass over what is there by now: for a process that has loaded all.

    Hundreds of thousands of objects are the libraries'. To look through them takes a fifth of a
    second, in which a process does nothing else, and whoever waits for a card or an answer waits.
    """
    gc.collect()
    gc.freeze()
