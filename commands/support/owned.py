"""Runs a module as `python -m` does, in a process that ends with the one that started it, however that one ends.

The owner holds the other end of standard input. The system closes it when the owner is gone, even by SIGKILL.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_S = 5.0  # for the group to end by itself


def main() -> None:
    """`python -m commands.support.owned MODULE ARGUMENTS...`, at the head of a process group of its own."""
    threading.Thread(target=_end_with_owner, name="end with owner", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_owner() -> None:
    while os.read(0, 1):  # not by sys.stdin, whose lock Python wants when it ends
        pass
    if sys.platform == "win32":
        os._exit(1)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
