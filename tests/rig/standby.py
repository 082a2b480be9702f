"""A process of SharedBox that has imported everything already, and starts once it is told to.

`python -m tests.rig.standby run worker` waits for a line of its input; a test that replaces a
killed worker need not wait for a second of imports. When the input ends instead, so does it.
"""

import sys

from app.__main__ import main

if __name__ == "__main__":
    if sys.stdin.readline():
        main()
