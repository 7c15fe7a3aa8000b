"""Runs a program on a terminal of its own, and answers its questions as a person does.

    terminal.py ANSWER... -- PROGRAM [ARGUMENT...]

Each question ends with "[y/N] " and gets the next answer. What the terminal showed goes to stdout, and the program's exit code is
ours; 99: it asked once more than there were answers, or did not end in 30 s.
"""

import os
import pty
import select
import sys
import time

LIMIT_S = 30
QUESTION = b"[y/N] "


def begin(argv):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    return pid, terminal


def converse(terminal, answers, shown):
    """True if the program has closed its terminal."""
    until, answered = time.monotonic() + LIMIT_S, 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            return False
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            # EIO: nobody has the other side open any more.
            return True
        if not piece:
            return True
        shown += piece
        if shown.endswith(QUESTION) and len(shown) > answered:
            if not answers:
                return False
            answered = len(shown)
            os.write(terminal, answers.pop(0).encode() + b"\n")


def main():
    split = sys.argv.index("--")
    answers, argv = sys.argv[1:split], sys.argv[split + 1 :]
    pid, terminal = begin(argv)
    shown = bytearray()
    is_over = converse(terminal, answers, shown)
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if not is_over:
        os.kill(pid, 9)
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.waitstatus_to_exitcode(status) if is_over else 99)


main()
