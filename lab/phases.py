#!/usr/bin/env python3
"""What the seconds of each recovery are made of, from the guest's own log.

`lab/run phases [FOLDER...]` reads the results in LAB_DIR (or in each FOLDER) and prints for each run, and as medians: from
the fault to the order, from the order to the unit's start (TERM, its grace, PID 1), and from there to the first good
answer. The last is the app's own start: no agent can shorten it, and it is a host's first to vary.
"""
import collections
import datetime
import glob
import json
import os
import re
import statistics
import sys
import tempfile

STAMP = re.compile(r"\w+ \d+ [\d:.]+(?= )")
ORDER = re.compile(r"defib\[\d+\]: [\w-]+: (start|restart|kill)\b")
STARTED = re.compile(r"Started app\.service")
BACK = re.compile(r"defib\[\d+\]: [\w-]+: back after")


def seconds(line):
    """The time of a line of the log (`journalctl -o short-precise`, which has no year), or None of a line without one."""
    stamp = STAMP.match(line)
    return stamp and datetime.datetime.strptime("2026 " + stamp[0], "%Y %b %d %H:%M:%S.%f").timestamp()


def first_after(lines, begin, words):
    """The seconds of the first line not before `begin` in which `words` are found."""
    return next((when for when, line in lines if when >= begin and words.search(line)), None)


def phases(result, log):
    """Seconds to the order, from it to the start, from that to the answer; None if the log does not show them."""
    lines = [(when, line) for line in log if (when := seconds(line))]
    order = first_after(lines, 0, ORDER)
    start = order and first_after(lines, order, STARTED)
    back = start and first_after(lines, start, BACK)
    if not back or not result["recovered"]:
        return None
    # The poller outside and the guest share no clock: the answer is what both have seen, to within defib's next look.
    return result["recovery_s"] - (back - order), start - order, back - start


def line_of(name, number, recovery, parts, busy):
    return "%-16s %-9s %-6s %5.1f s = judged %5.1f, ended and started %4.1f, its own start %4.1f%s" % (
        *name, number, recovery, *parts, busy)


def main(folders):
    cells = collections.defaultdict(list)
    for path in sorted(path for folder in folders for path in glob.glob(os.path.join(folder, "*.journal.txt"))):
        result = json.load(open(path.removesuffix(".journal.txt") + ".json"))
        name = result["agent"], result["fault"]
        parts = phases(result, open(path, errors="replace"))
        if not parts:
            print("%-16s %-9s %-6s not in its log" % (*name, result["rep"]))
            continue
        cells[name].append((result["recovery_s"], *parts))
        busy = ", host pressure %.0f %%" % result.get("host_cpu_pressure_percent", 0)
        print(line_of(name, result["rep"], result["recovery_s"], parts, busy))
    for name, runs in sorted(cells.items()):
        recovery, *parts = (statistics.median(column) for column in zip(*runs))
        print(line_of(name, "median", recovery, parts, ", of %d" % len(runs)))
    return 0 if cells else 1


if __name__ == "__main__":
    lab = os.environ.get("LAB_DIR") or os.path.join(tempfile.gettempdir(), "defib-lab")
    sys.exit(main(sys.argv[1:] or [os.path.join(lab, "results-" + os.environ.get("LAB_MACHINE", "uml"))]))
