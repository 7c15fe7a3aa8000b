#!/usr/bin/env python3
"""Judges what the lab measured: order and kind (back, and by what), with a limit on seconds that a quiet host meets.

`lab/run judge` reads every result in LAB_DIR and fails if one is wrong. A run on a busy host is named, not excused:
repeat it.
"""
import json
import os
import sys
import tempfile

# Seconds to the first good answer. The app's own start takes 2 to 4 of them, its being judged up to 21.
DEFAULT = {"crash": 3, "hang": 25, "sigstop": 25, "termhang": 30, "err500": 30}
FAST = {"crash": 5, "hang": 11, "sigstop": 11, "termhang": 10, "err500": 7}
BUSY_PERCENT = 20


def faults_of(result):
    """What is wrong with one run."""
    if result.get("error"):
        return [result["error"]]
    agent, fault = result["agent"], result["fault"]
    if agent == "none":
        return [] if not result["recovered"] else ["the control came back by itself: the fault is none"]
    if not result["outage"]:
        return ["no outage was seen"]
    if not result["recovered"]:
        return ["it never came back"]
    is_last_resort = agent in ("defib-unstartable", "defib-deaf")
    wrong = []
    if result["reboots_seen"] != (1 if is_last_resort else 0):
        wrong.append("%d reboots" % result["reboots_seen"])
    if result["app_restarts_seen"] != 1:
        wrong.append("%d restarts of the app" % result["app_restarts_seen"])
    if result["ok_share_after_recovery"] < 0.95:
        wrong.append("it flapped")
    limit = {"defib": DEFAULT, "defib-fast": FAST}.get(agent, {}).get(fault)
    if limit and result["recovery_s"] > limit:
        wrong.append("%.1f s, more than %d" % (result["recovery_s"], limit))
    return wrong


def main():
    folder = os.environ.get("LAB_DIR") or os.path.join(tempfile.gettempdir(), "defib-lab")
    folder = os.path.join(folder, "results-" + os.environ.get("LAB_MACHINE", "uml"))
    names = [n for n in sorted(os.listdir(folder)) if n.endswith(".json") and not n.startswith("prepare-")]
    failed = 0
    for name in names:
        result = json.load(open(os.path.join(folder, name)))
        wrong = faults_of(result)
        failed += bool(wrong)
        busy = result.get("host_cpu_pressure_percent", 0)
        print("%-5s %-18s %-10s %6s s  reboots %s  host pressure %.0f %%%s%s" % (
            "WRONG" if wrong else "ok", result["agent"], result["fault"],
            result.get("recovery_s"), result.get("reboots_seen"), busy,
            " (busy)" if busy > BUSY_PERCENT else "", ": " + "; ".join(wrong) if wrong else ""))
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
