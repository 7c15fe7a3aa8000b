#!/usr/bin/env python3
"""What needs a person's hands in the guest: stops, restarts, reloads, a service manager that is executed anew.

`DEFIB_LAB=FOLDER lab/run checks [NAME...]` boots one machine from the disk that `lab/run prepare defib` made,
and runs each check in it, in order. One line a check; exit code 0 only if all are right.
"""
import json
import os
import subprocess
import sys
import time

LAB = os.environ["DEFIB_LAB"]
sys.path.insert(0, LAB)
import lab  # noqa: E402

CHECKS = []


class Wrong(Exception):
    """What the guest did is not what it should do."""


def check(function):
    CHECKS.append(function)
    return function


class Guest:
    """A booted machine and what is asked of it."""

    def __init__(self, vm):
        self.vm = vm

    def sh(self, command, limit=60):
        out = self.vm.sh(command, limit)
        if out is None:
            raise Wrong("the guest did not end in %d s: %s" % (limit, command))
        return out.strip()

    def show(self, unit, prop):
        return self.sh("systemctl show -p %s --value %s" % (prop, unit))

    def status(self):
        text = self.sh("defib status --json")
        try:
            return json.loads(text.splitlines()[0])
        except (ValueError, IndexError):
            raise Wrong("defib status --json said: %r" % text[:300])

    def app(self, name="lab"):
        agents = self.status().get("agents") or [self.status()]
        for agent in agents:
            for app in agent.get("apps", []):
                if app["app"] == name:
                    return app
        raise Wrong("no app %s in status" % name)

    def pids(self):
        return [int(pid) for pid in self.sh("pgrep -x defib || true").split()]

    def main(self, unit="app.service"):
        return int(self.show(unit, "MainPID"))

    def answers(self):
        return self.sh("curl -s -m 2 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/ || true").endswith("200")

    def until(self, what, test, limit):
        begin = time.monotonic()
        while time.monotonic() - begin < limit:
            if test():
                return time.monotonic() - begin
            time.sleep(0.25)
        raise Wrong("%s: not within %d s" % (what, limit))

    def up(self, limit=60):
        return self.until("the app answers, and defib says up",
                          lambda: self.answers() and self.app()["state"] == "up", limit)

    def lines(self, kind):
        """How many lines of one kind defib's journal has."""
        return int(self.sh("cat /var/lib/defib/journal/*.jsonl | grep -c '\"kind\":\"%s\"' || true" % kind) or 0)

    def drop_in(self, text):
        self.sh("mkdir -p /etc/systemd/system/app.service.d; cat > /etc/systemd/system/app.service.d/check.conf <<'E'\n%sE\n"
                "systemctl daemon-reload" % text)

    def no_drop_in(self):
        self.sh("rm -f /etc/systemd/system/app.service.d/check.conf; systemctl daemon-reload")


def want(condition, words):
    if not condition:
        raise Wrong(words)


@check
def service(g):
    """systemctl status, memory, locks, the memory killer, CPU in quiet."""
    g.up(90)
    want(g.show("defib", "ActiveState") == "active", "defib.service is not active")
    text = g.show("defib", "StatusText")
    pids = g.pids()
    want(len(pids) == 2, "not two processes: %s" % pids)
    facts, pss = [], 0
    for pid in pids:
        row = g.sh("cat /proc/%d/oom_score_adj; grep -h -E 'VmLck|VmRSS|Threads' /proc/%d/status | tr -s '\\t ' ' ' | tr '\\n' ' '; "
                   "awk '/^Pss:/{print \"Pss \" $2}' /proc/%d/smaps_rollup" % (pid, pid, pid)).split()
        want(row[0] == "-1000", "oom_score_adj is %s" % row[0])
        pss += int(row[-1])
        facts.append("%d: %s" % (pid, " ".join(row[1:])))
    ticks = lambda: sum(int(x) for pid in pids for x in g.sh(
        "sed 's/.*) //' /proc/%d/stat | cut -d' ' -f12,13" % pid).split())
    before = ticks()
    time.sleep(60)
    used = ticks() - before
    want(text, "no STATUS line")
    return "STATUS=%r; %s; PSS together %d kB; CPU %d ticks of 10 ms in 60 s" % (text, "; ".join(facts), pss, used)


@check
def person_stops(g):
    """`systemctl stop` is a person's will: nothing is done; `systemctl start` ends it."""
    g.up()
    orders = g.lines("order")
    g.sh("systemctl stop app", 100)
    g.until("defib says stopped", lambda: g.app()["state"] == "stopped", 10)
    time.sleep(40)
    want(g.show("app", "ActiveState") == "inactive", "the app was started against a person's will")
    want(g.lines("order") == orders, "an order was given")
    g.sh("systemctl start app")
    back = g.up()
    want(g.lines("order") == orders, "an order was given after the person's start")
    return "left alone for 40 s; up %.1f s after the person's start" % back


@check
def person_restarts(g):
    """`systemctl restart` by a person: the new process is adopted, and nothing else happens."""
    g.up()
    orders, old = g.lines("order"), g.main()
    g.sh("systemctl restart app", 100)
    time.sleep(25)
    g.up()
    want(g.main() != old, "the app was not restarted")
    want(g.lines("order") == orders, "an order was given")
    new = g.main()
    g.sh("kill -9 %d" % new)
    took = g.until("another main process", lambda: g.main() not in (0, new), 20)
    g.up()
    want(g.lines("order") == orders + 1, "not one order: %d" % (g.lines("order") - orders))
    return "adopted; its death was then cured by one order, %.1f s" % took


@check
def own_restart(g):
    """Restart=on-failure of the unit: the manager starts it, and defib does not start it twice."""
    g.drop_in("[Service]\nRestart=on-failure\nRestartSec=1\n")
    try:
        g.up()
        orders, old = g.lines("order"), g.main()
        g.sh("systemctl reset-failed app; kill -9 %d" % old)
        took = g.until("another main process", lambda: g.main() not in (0, old), 20)
        new = g.main()
        g.up()
        time.sleep(5)
        want(g.main() == new, "it was started twice")
        want(g.show("app", "NRestarts") == "1", "NRestarts=" + g.show("app", "NRestarts"))
        want(g.lines("order") == orders, "an order was given")
        return "started by systemd after %.1f s, no order" % took
    finally:
        g.no_drop_in()


@check
def start_limit(g):
    """A unit that ran into its start limit is started all the same, once it can be."""
    g.drop_in("[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n[Service]\nRestart=on-failure\nRestartSec=100ms\n"
              "ExecStartPre=/bin/sh -c '[ ! -e /run/lab-refuse ]'\n")
    try:
        g.up()
        g.sh("touch /run/lab-refuse; kill -9 %d" % g.main())
        g.until("the start limit", lambda: g.show("app", "Result") in ("start-limit-hit", "exit-code")
                and g.show("app", "ActiveState") == "failed", 20)
        hit = g.show("app", "Result")
        g.sh("rm /run/lab-refuse")
        took = g.up(90)
        return "Result=%s; up %.1f s after the cause was gone" % (hit, took)
    finally:
        g.sh("rm -f /run/lab-refuse")
        g.no_drop_in()


@check
def reexec(g):
    """PID 1 executed anew, before a death and in the middle of an act."""
    g.up()
    defibs = g.pids()
    g.sh("systemctl daemon-reexec", 60)
    time.sleep(2)
    old = g.main()
    g.sh("kill -9 %d" % old)
    after = g.until("another main process", lambda: g.main() not in (0, old), 20)
    g.up()
    time.sleep(12)
    old = g.main()
    g.sh("kill -9 %d; systemctl daemon-reexec" % old, 60)
    during = g.until("another main process", lambda: g.main() not in (0, old), 40)
    g.up()
    want(g.pids() == defibs, "defib's processes changed")
    return "before: %.1f s; in the middle: %.1f s" % (after, during)


@check
def no_bus(g):
    """Without the system bus PID 1's own socket is used."""
    g.up()
    time.sleep(12)
    g.sh("systemctl stop dbus.socket dbus.service; sleep 1")
    try:
        old = g.main()
        g.sh("kill -9 %d" % old)
        took = g.until("another main process", lambda: g.main() not in (0, old), 60)
        want(took < 5, "it took %.1f s\n%s" % (took, g.sh("journalctl -u app -u defib -n 30 -o short-precise --no-pager; "
             "defib explain $(defib incidents | tail -3 | head -1 | cut -d' ' -f1)")))
        return "started again after %.1f s" % took
    finally:
        g.sh("systemctl start dbus.socket dbus.service")
        g.up()


@check
def reload(g):
    """SIGHUP: a typo keeps the old config in force and says so; a good file is taken."""
    g.up()
    g.sh("cp /etc/defib/defib.toml /run/good.toml; sed -i 's/^unit/unti/' /etc/defib/defib.toml; systemctl reload defib; sleep 2")
    bad = g.show("defib", "StatusText")
    told = g.sh("defib status; defib check /etc/defib/defib.toml; echo rc=$?")
    log = g.sh("journalctl -u defib -n 20 --no-pager -o cat")
    want(g.app()["state"] == "up", "the app is not guarded any more")
    want("refused" in bad or "old" in bad, "STATUS says nothing of it: %r" % bad)
    want("unti" in told and "unti" in log, "the typo is not shown: %r" % told)
    g.sh("cp /run/good.toml /etc/defib/defib.toml; systemctl reload defib; sleep 2")
    good = g.show("defib", "StatusText")
    want("refused" not in good, "STATUS still speaks of it: %r" % good)
    want(g.show("defib", "ActiveState") == "active", "defib is not active")
    return "bad: %r; good: %r" % (bad, good)


@check
def stop(g):
    """`systemctl stop defib` takes less than 2 s, and the app lives on and is adopted."""
    g.up()
    old, orders = g.main(), g.lines("order")
    took = float(g.sh("a=$(date +%s.%N); systemctl stop defib; b=$(date +%s.%N); echo $a $b | awk '{print $2-$1}'"))
    want(took < 2, "it took %.2f s" % took)
    want(g.show("defib", "Result") == "success", "Result=" + g.show("defib", "Result"))
    want(g.main() == old and g.answers(), "the app did not live on")
    want(not g.pids(), "processes are left: %s" % g.pids())
    begin = float(g.sh("a=$(date +%s.%N); systemctl start defib; b=$(date +%s.%N); echo $a $b | awk '{print $2-$1}'"))
    g.up()
    want(g.main() == old and g.lines("order") == orders, "it was not adopted")
    return "stop %.2f s, start until READY %.2f s" % (took, begin)


@check
def killed(g):
    """kill -9 of both processes: the service manager starts defib again, the app is adopted."""
    g.up()
    old, orders = g.main(), g.lines("order")
    g.sh("kill -9 %s" % " ".join(map(str, g.pids())))
    took = g.until("two processes again", lambda: len(g.pids()) == 2, 20)
    g.up()
    want(g.main() == old and g.lines("order") == orders, "it was not adopted")
    return "two processes again after %.1f s" % took


@check
def no_config(g):
    """Exit code 78 without any usable config, and no restart by the service manager."""
    g.sh("systemctl stop defib; cp /etc/defib/defib.toml /run/good.toml; echo 'x =' > /etc/defib/defib.toml; "
         "mv /var/lib/defib /var/lib/defib.away")
    try:
        g.sh("systemctl start defib || true")
        time.sleep(3)
        code = g.show("defib", "ExecMainStatus")
        want(code == "78", "exit code %s" % code)
        want(g.show("defib", "ActiveState") == "failed", "it is " + g.show("defib", "ActiveState"))
    finally:
        g.sh("cp /run/good.toml /etc/defib/defib.toml; rm -rf /var/lib/defib; mv /var/lib/defib.away /var/lib/defib; "
             "systemctl reset-failed defib; systemctl start defib")
        g.up()
    return "78, not started again"


@check
def typo_at_start(g):
    """A config that is no use at the start: the last good one goes on."""
    g.sh("cp /etc/defib/defib.toml /run/good.toml; sed -i 's/^unit/unti/' /etc/defib/defib.toml; systemctl restart defib")
    try:
        g.up()
        text = g.show("defib", "StatusText")
    finally:
        g.sh("cp /run/good.toml /etc/defib/defib.toml; systemctl restart defib")
        g.up()
    return "guarding goes on; STATUS=%r" % text


TRANSIENT = """
[app.own]
tcp = "127.0.0.1:8090"
start = ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "8090"]
user = "nobody"
directory = "/srv"
"""


@check
def transient(g):
    """A `start` app is a transient unit: it outlives defib, and is adopted."""
    unit = "defib-app-own.service"
    g.sh("cp /etc/defib/defib.toml /run/good.toml; cat >> /etc/defib/defib.toml <<'E'\n%s\nE\nsystemctl reload defib" % TRANSIENT)
    try:
        g.until("the app is up", lambda: g.app("own")["state"] == "up", 60)
        first = g.main(unit)
        want(first > 0, "no unit %s" % unit)
        want(g.sh("ps -o user= -p %d" % first) == "nobody", "not nobody's")
        want("app-own" in g.sh("cat /proc/%d/cgroup" % first), "not in a cgroup of its own")
        want(g.sh("cat /proc/%d/oom_score_adj" % first) == "0", "it inherited the memory killer's setting")
        g.sh("systemctl restart defib")
        g.until("up again", lambda: g.app("own")["state"] == "up", 30)
        want(g.main(unit) == first, "restarted with defib")
        g.sh("kill -9 %s" % " ".join(map(str, g.pids())))
        g.until("two processes again", lambda: len(g.pids()) == 2, 20)
        g.until("up again", lambda: g.app("own")["state"] == "up", 30)
        want(g.main(unit) == first, "started twice")
        time.sleep(12)
        g.sh("kill -9 %d" % first)
        took = g.until("another process", lambda: g.main(unit) not in (0, first), 20)
        g.until("up again", lambda: g.app("own")["state"] == "up", 60)
        second = g.main(unit)
        g.sh("systemctl stop %s" % unit)
        time.sleep(15)
        left = g.show(unit, "ActiveState")
        want(left == "inactive", "15 s after a person's stop it is " + left)
        g.sh("systemctl restart defib")
        return "same process through restart and kill -9; its death cured in %.1f s (%d to %d); left alone after a person's stop" % (
            took, first, second)
    finally:
        g.sh("cp /run/good.toml /etc/defib/defib.toml; systemctl reload defib; systemctl stop %s 2>/dev/null || true" % unit)


@check
def story(g):
    """The journal is readable by defib and by any JSON tool, and tells of each incident."""
    count = int(g.sh("cat /var/lib/defib/journal/*.jsonl | python3 -c 'import sys, json; print(len([json.loads(l) for l in sys.stdin if l.strip()]))'"))
    listed = g.sh("defib incidents")
    alarms = g.lines("alarm")
    alarm = g.sh("grep -h '\"kind\":\"alarm\"' /var/lib/defib/journal/*.jsonl | head -3 || true")
    print(listed)
    print(g.sh("defib explain 1; defib status; journalctl -u defib --no-pager -o cat | tail -60"))
    want(alarms == 0, "alarms: %s" % alarm)
    return "%d lines" % count


# Each check causes deaths of its own: the pause between two starts must not be what it measures.
QUICK = """backoff = "1s"
backoff_max = "2s"
verify = "3s"
healthy_reset = "10s"
"""


def run(names):
    disk = os.path.join(lab.W, "checks-%d.disk" % os.getpid())
    subprocess.run(["cp", "--sparse=always", lab.agent_disk("defib"), disk], check=True)
    vm = lab.machine(disk, "checks-%d" % os.getpid(), os.path.join(lab.W, "vm", "uml-prep-defib.tar"))
    failed = 0
    try:
        if not vm.wait_shell():
            raise SystemExit("no control shell")
        guest = Guest(vm)
        guest.sh("cat >> /etc/defib/defib.toml <<'E'\n%sE\nsystemctl restart defib" % QUICK)
        for function in CHECKS:
            if names and function.__name__ not in names:
                continue
            before, begin = lab.psi(), time.monotonic()
            try:
                verdict, words = "ok", function(guest)
            except Wrong as wrong:
                verdict, words = "WRONG", str(wrong)
                failed += 1
                print(vm.sh("journalctl -n 60 --no-pager -o short-precise; defib status; systemctl status app --no-pager -n 0", 30))
            took = time.monotonic() - begin
            pressure = (lab.psi() - before) / took / 1e4
            print("%-5s %-16s %s  [%.0f s, host pressure %.0f %%]" % (verdict, function.__name__, words, took, pressure), flush=True)
    finally:
        vm.stop()
        os.unlink(disk)
    return 1 if failed else 0


def in_netns():
    """This same command in a network namespace of its own, with one tap device for one machine."""
    space = "checks%d" % os.getpid()
    subprocess.run(["ip", "netns", "add", space], check=True)
    try:
        for words in ("link set lo up", "tuntap add dev tap0 mode tap", "addr add 10.0.2.2/24 dev tap0", "link set tap0 up"):
            subprocess.run(["ip", "-n", space] + words.split(), check=True)
        command = ["ip", "netns", "exec", space, sys.executable, os.path.abspath(__file__)] + sys.argv[1:]
        return subprocess.run(command, env=dict(os.environ, LAB_NS=space)).returncode
    finally:
        subprocess.run(["ip", "netns", "del", space])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]) if "LAB_NS" in os.environ else in_netns())
