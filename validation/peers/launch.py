"""Runs a command; the last line of standard output is its peak memory (KiB) and CPU time (s).

    python -I -S launch.py COMMAND [ARGUMENT ...]

The kernel counts what a process held before it became another program, so that a small program
started by a large one looks large. This file imports next to nothing: about 9 MiB is the least
that it can tell.
"""

import os
import sys

child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(f"\n{usage.ru_maxrss} {usage.ru_utime + usage.ru_stime}", flush=True)
sys.exit(os.waitstatus_to_exitcode(status) and 1)
