"""gunicorn for the subject, switched by the environment so that one argv fits every test; the
address comes by --bind.

SUBJECT_FAULTS      the folder of the faults (needed)
SUBJECT_CLASS       "sync" (default) or "gthread"
SUBJECT_WORKERS     how many workers, 2
SUBJECT_TIMEOUT     gunicorn's own watch over its workers in seconds, 0: off, so that nothing but
                    defib heals a hang
SUBJECT_DEPENDENCY  "host:port" that each request needs
"""

import os
import signal
import sys
import time
from pathlib import Path

# The checkout may belong to another user than the one we run as, and stays clean either way.
sys.dont_write_bytecode = True

_FAULTS = Path(os.environ["SUBJECT_FAULTS"])


def _at_start(name):
    return (_FAULTS / name).exists()


if _at_start("die-at-start"):
    sys.exit("the fault die-at-start is on")

# Workers and the application inherit it: a fault file older than this does not strike.
os.environ["SUBJECT_STARTED"] = repr(time.time())

worker_class = os.environ.get("SUBJECT_CLASS", "sync")
workers = int(os.environ.get("SUBJECT_WORKERS", "2"))
threads = 4 if worker_class == "gthread" else 1
timeout = int(os.environ.get("SUBJECT_TIMEOUT", "0"))
# Imported once, in the master: a start takes half as long with two workers.
preload_app = True
accesslog = None
errorlog = "-"
loglevel = "info"
# A test may kill the master at any time: nothing of it may be left in the working directory.
control_socket_disable = True


def _ignore_term():
    if _at_start("ignore-term"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def when_ready(_server):
    """After gunicorn has set its own handlers."""
    _ignore_term()


def post_worker_init(_worker):
    _ignore_term()
