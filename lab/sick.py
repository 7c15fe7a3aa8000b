#!/usr/bin/env python3
"""What only an emulated machine shows: a watchdog that resets it, reboots that are refused, ends that nobody announced.

`DEFIB_LAB=FOLDER LAB_MACHINE=qemu lab/run sick [NAME...]` starts one machine a check, from the state in which
`lab/run prepare defib-deb defib-deb-unstartable` left it. One line a check; exit code 0 only if all are right.
"""
import os
import subprocess
import sys
import time

os.environ["LAB_MACHINE"] = "qemu"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import Guest, Wrong, lab, want  # noqa: E402

CHECKS = []
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
STORY = ("defib status; echo; defib incidents; echo; defib explain last; echo; echo 'at login:'; cat /run/motd.d/defib; "
         "ls /run/motd.d; grep -h '\"kind\":\"boot' /var/lib/defib/journal/*.jsonl | tail -1")


def check(agent):
    def take(function):
        CHECKS.append((function, agent))
        return function
    return take


class Sick(Guest):
    """A machine that may be reset under us."""

    def boot_id(self):
        return self.sh(BOOT_ID)

    def rebooted(self, old, limit):
        """Seconds until the control shell of another boot answers."""
        begin = time.monotonic()
        while time.monotonic() - begin < limit:
            self.vm.disconnect()
            new = self.vm.sh(BOOT_ID, 3) if self.vm.alive() else None
            # A shell that is being killed answers with a part of it.
            if new and len(new) == len(old) and new != old:
                return time.monotonic() - begin
            time.sleep(0.5)
        raise Wrong("no other boot within %d s; console: %s" % (limit, self.console()))

    def console(self):
        return open(self.vm.console, errors="replace").read()[-600:]

    def armed(self, limit=120):
        """Seconds until the hardware watchdog counts."""
        state = "cat /sys/class/watchdog/watchdog0/state 2>/dev/null || true"
        return self.until("the watchdog is armed", lambda: self.sh(state) == "active", limit)

    def app_dies(self):
        lab.http(self.vm.port, "/fault/crash", 5, "POST")


def told_at_login(g, *words):
    g.until("defib answers after the boot", lambda: "lab" in g.sh("defib status || true"), 90)
    g.until("the login message", lambda: g.sh("cat /run/motd.d/defib || true") != "", 60)
    text = g.sh("cat /run/motd.d/defib")
    print(g.sh(STORY))
    for word in words:
        want(word in text, "`%s` is not in the login message: %r" % (word, text))
    return text


@check("defib-deb")
def hard_reset(g):
    """A reset from outside is not ours, and is said to be none of ours."""
    g.up(90)
    old = g.boot_id()
    g.vm.monitor("system_reset")
    took = g.rebooted(old, 240)
    g.up(120)
    text = told_at_login(g)
    want("by defib" not in text, "it is told as ours: %r" % text)
    return "another boot after %.0f s; at login: %r" % (took, text)


def last_resort(g, limit, *words):
    g.up(90)
    g.until("the least up-time", lambda: float(g.sh("cut -d' ' -f1 /proc/uptime")) > 40, 60)
    old = g.boot_id()
    g.app_dies()
    took = g.rebooted(old, limit)
    g.up(120)
    return took, told_at_login(g, *words)


@check("defib-deb-unstartable")
def own_reboot(g):
    """A reboot of ours is told as ours, with its step and how long the app was down."""
    took, text = last_resort(g, 240, "defib")
    return "another boot after %.0f s; at login: %r" % (took, text)


@check("defib-deb-unstartable")
def masked_target(g):
    """The polite reboot is refused: the next step follows."""
    g.sh("systemctl mask reboot.target systemd-reboot.service")
    took, text = last_resort(g, 300)
    return "another boot after %.0f s; at login: %r" % (took, text)


STUCK = """[Unit]
Description=never ends
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep infinity
TimeoutStopSec=infinity
"""


@check("defib-deb-unstartable")
def stuck_stop(g):
    """A stop job hangs in the polite reboot: the next step follows after its 30 s."""
    g.sh("cat > /run/systemd/system/stuck.service <<'E'\n%sE\nsystemctl daemon-reload; systemctl start stuck" % STUCK)
    took, text = last_resort(g, 300)
    return "another boot after %.0f s; at login: %r" % (took, text)


@check("defib-deb")
def frozen(g):
    """Both processes stand still: nobody feeds the watchdog, and the device resets the machine."""
    g.up(90)
    armed = g.armed()
    pids = g.pids()
    want(len(pids) == 2, "not two processes: %s" % pids)
    timeout = g.sh("cat /sys/class/watchdog/watchdog0/timeout")
    old = g.boot_id()
    g.sh("kill -STOP %s" % " ".join(map(str, pids)))
    took = g.rebooted(old, 300)
    g.up(120)
    text = told_at_login(g, "watchdog")
    return "armed %.0f s after the look began, timeout %s s; another boot %.0f s after SIGSTOP; at login: %r" % (armed, timeout, took, text)


@check("defib-deb")
def crashes(g):
    """100 ends of either process, by SIGKILL, SIGSEGV and SIGABRT: no reboot, and the app is not touched."""
    g.up(90)
    old, main = g.boot_id(), g.main()
    g.armed()
    done, signals = 0, ("KILL", "SEGV", "ABRT")
    begin = time.monotonic()
    while done < 100:
        pids = g.pids()
        if len(pids) == 2:
            g.sh("kill -%s %d" % (signals[done % 3], sorted(pids)[done % 2]))
            done += 1
        want(time.monotonic() - begin < 900, "only %d in 900 s" % done)
        time.sleep(0.5)
    g.up(60)
    want(g.boot_id() == old, "the machine was rebooted")
    want(g.main() == main, "the app was touched")
    want(g.lines("order") == 0, "%d orders" % g.lines("order"))
    time.sleep(90)
    want(g.boot_id() == old and g.main() == main, "something came of it later")
    return "100 in %.0f s, and 90 s after: one boot, one app process, no order" % (time.monotonic() - begin - 90)


@check("defib-deb")
def upgrade(g):
    """The package is installed over itself while the app runs, with the watchdog armed."""
    g.up(90)
    g.armed()
    old, main, pids = g.boot_id(), g.main(), g.pids()
    out = g.sh("dpkg -i /opt/agent/defib.deb; echo rc=$?", 120)
    want(out.endswith("rc=0"), out)
    g.until("two other processes", lambda: len(g.pids()) == 2 and not set(g.pids()) & set(pids), 60)
    g.up(60)
    rearmed = g.armed(200)
    time.sleep(60)
    want(g.boot_id() == old and g.main() == main, "it was rebooted, or the app was touched")
    want(g.lines("order") == 0, "an order was given")
    return "other processes, the same app, no order; the watchdog counts again (%.0f s)" % rearmed


@check("defib-deb")
def quiet_hour(g):
    """An hour without a fault: no incident, no order, no reboot, the app's process the same."""
    g.up(90)
    g.armed()
    old, main, pids = g.boot_id(), g.main(), g.pids()
    begin, answers, looks = time.monotonic(), 0, 0
    while time.monotonic() - begin < 3600:
        time.sleep(10)
        looks += 1
        answers += g.answers()
    want(g.boot_id() == old and g.main() == main and g.pids() == pids, "something was ended")
    want(g.lines("order") == 0, "%d orders" % g.lines("order"))
    opened = g.sh("grep -h '\"kind\":\"opened\"' /var/lib/defib/journal/*.jsonl || true")
    want(opened == "", opened)
    return "%d of %d looks from inside answered; one boot, the same processes, no incident, no order" % (answers, looks)


RUNGS = """systemd-run --quiet --pipe --wait --collect {properties} /bin/sh -c 'echo s > /proc/sysrq-trigger && echo sysrq-ok; \
echo 1 > /sys/fs/cgroup/system.slice/{unit}/cgroup.kill && echo cgroup-ok; \
cat /proc/sys/kernel/panic > /proc/sys/kernel/panic && echo panic-ok' </dev/null"""


@check("defib-deb")
def unit(g):
    """The shipped unit: what it allows is what the rungs need, and systemd finds it tight."""
    g.up(90)
    score = g.sh("systemd-analyze security defib.service --no-pager | tail -1")
    verify = g.sh("systemd-analyze verify defib.service 2>&1; echo rc=$?")
    g.sh("systemd-run --quiet --unit victim sleep 600")
    keys = ("NoNewPrivileges CapabilityBoundingSet DevicePolicy DeviceAllow ProtectSystem ProtectKernelModules ProtectHostname "
            "ProtectClock PrivateMounts LockPersonality RestrictNamespaces RestrictRealtime RestrictSUIDSGID RestrictAddressFamilies "
            "KeyringMode SystemCallArchitectures SystemCallFilter SystemCallErrorNumber UMask").split()
    unit = g.sh("cat /usr/lib/systemd/system/defib.service /lib/systemd/system/defib.service 2>/dev/null")
    lines = [line for line in unit.splitlines() if line.split("=")[0] in keys]
    properties = " ".join("-p '%s'" % line for line in dict.fromkeys(lines))
    done = g.sh(RUNGS.format(properties=properties, unit="victim.service"))
    gone = g.sh("sleep 1; systemctl is-active victim.service || true")
    want(all(word in done for word in ("sysrq-ok", "cgroup-ok", "panic-ok")), done)
    want("Sync" in g.sh("dmesg | tail -20") or "sysrq" in g.sh("dmesg | tail -20").lower(), "the kernel says nothing of sysrq")
    want(gone != "active", "cgroup.kill did not end it: " + gone)
    users = g.sh("ps -o user:12=,uid=,args= -C defib")
    want("defib " in users, "the guardian is not user defib: " + users)
    want(verify.endswith("rc=0") and len(verify.splitlines()) == 1, verify)
    return "%s; verify: %s; sysrq, cgroup.kill and kernel.panic work under its properties; %s" % (score.strip(), verify, users.replace("\n", " | "))


@check("defib-deb")
def hog(g):
    """What the journal tells of a machine whose memory somebody has taken who cannot be killed."""
    g.up(90)
    g.armed()
    old = g.boot_id()
    g.sh("(sleep 1; setsid /srv/app/faulttool hog -1000 0 </dev/null >/dev/null 2>&1 &) >/dev/null 2>&1 &")
    took = g.rebooted(old, 240)
    g.up(120)
    text = told_at_login(g)
    print(g.sh("grep -h -v -E '\"kind\":\"(passes|policy|checkpoint)\"' /var/lib/defib/journal/*.jsonl | tail -500 | cut -c1-400"))
    want("faulttool" in text, "who had the memory is not named: %r" % text)
    return "another boot after %.0f s; at login: %r" % (took, text)


@check("defib-deb-fast")
def hog_fast(g):
    """The same at 1 s settings."""
    return hog(g)


@check("defib-deb")
def footprint(g):
    """Memory of both, locked, in quiet and through a minute with 20 MB left; major faults of theirs meanwhile."""
    g.up(90)
    def facts():
        return g.sh("for p in $(pgrep -x defib); do set -- $(sed 's/.*) //' /proc/$p/stat); echo \"$p majflt ${10} "
                    "$(awk '/^Pss:|^Locked:/{printf \"%s %s \", $1, $2}' /proc/$p/smaps_rollup) $(grep VmSwap /proc/$p/status)\"; done")
    before = facts()
    g.sh("(setsid /srv/app/faulttool hog -1000 20 </dev/null >/dev/null 2>&1 &)")
    time.sleep(60)
    during = facts()
    return "quiet: %s; with 20 MB left: %s" % (before.replace("\n", " | "), during.replace("\n", " | "))


CHECKSITE = """#!/bin/sh
code=$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/)
if [ "$code" != 200 ]; then
  echo "$(date) status $code, rebooting" >> /var/log/recovery.log
  /sbin/reboot
fi
"""
CRONTAB = """PATH=/usr/sbin:/usr/bin:/sbin:/bin
@reboot root cd /srv/app && gunicorn -c gunicorn.conf.py app:app >>/var/log/app.log 2>&1
*/5 * * * * root /usr/local/sbin/checksite.sh
"""


# Those that run gunicorn and whose parent does not.
MASTERS = "for p in $(pgrep -f [g]unicorn.conf.py); do pgrep -f [g]unicorn.conf.py | grep -qx $(ps -o ppid= -p $p | tr -d ' ') || echo $p; done"


@check("defib-deb")
def old_script(g):
    """From `apt install` to a drill healed where the old cron script runs: what is typed, and what is shown."""
    out = g.sh("DEBIAN_FRONTEND=noninteractive apt-get purge -y defib 2>&1 </dev/null; ls -d /etc/defib /var/lib/defib /run/defib 2>&1; getent passwd defib; systemctl is-active defib", 300)
    print(out)
    want("cannot access '/etc/defib'" in out and "cannot access '/var/lib/defib'" in out, "purge left something")
    g.sh("cat > /usr/local/sbin/checksite.sh <<'E'\n%sE\nchmod 755 /usr/local/sbin/checksite.sh" % CHECKSITE)
    g.sh("cat > /etc/cron.d/site <<'E'\n%sE\nsystemctl disable app.service; systemctl enable cron.service" % CRONTAB)
    old = g.boot_id()
    g.sh("(sleep 2; systemctl reboot) >/dev/null 2>&1 &")
    g.rebooted(old, 240)
    g.until("the app answers", g.answers, 120)
    terminal = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/support/terminal.py")).read()
    g.sh("cat > /run/terminal.py <<'E'\n%sE" % terminal)
    shown = []
    def typed(line, *answers):
        words = " ".join(answers)
        out = g.sh("python3 /run/terminal.py %s -- /bin/sh -c '%s'; echo rc=$?" % (words, line), 150)
        shown.append("# %s\n%s" % (line, out))
        print(shown[-1], flush=True)
        want(out.endswith("rc=0"), "`%s` ended with %s" % (line, out[-40:]))
        return out
    typed("apt install -y /opt/agent/defib.deb")
    typed("defib import cron --allow-reboot", "y", "y")
    # cron's copy is adopted: the same master, and no second one.
    cron_s = g.sh(MASTERS)
    g.until("the app is up", lambda: g.app("app-8080")["state"] == "up", 60)
    want(len(cron_s.split()) == 1 and g.sh(MASTERS) == cron_s, "masters %s, now %s" % (cron_s, g.sh(MASTERS)))
    typed("defib drill app-8080 --kill", "y")
    return "%d lines typed" % len(shown)


def run_one(function, agent):
    tag = "sick-%s-%d" % (function.__name__, os.getpid())
    disk = os.path.join(lab.W, tag + ".disk")
    subprocess.run(["cp", "--sparse=always", lab.agent_disk(agent), disk], check=True)
    before, begin = lab.psi(), time.monotonic()
    vm = lab.machine(disk, tag, os.path.join(lab.W, "vm", "qemu-prep-%s.tar" % agent), loadvm="ready")
    g = Sick(vm)
    try:
        want(vm.wait_shell(60), "no control shell")
        verdict, words = "ok", function(g)
    except Wrong as wrong:
        verdict, words = "WRONG", str(wrong)
        print(vm.sh("journalctl -n 60 --no-pager -o short-precise; defib status", 30) if vm.alive() else "the machine ended")
    finally:
        vm.stop()
        os.unlink(disk)
    took = time.monotonic() - begin
    pressure = (lab.psi() - before) / took / 1e4
    print("%-5s %-14s %s  [%.0f s, host pressure %.0f %%]" % (verdict, function.__name__, words, took, pressure), flush=True)
    return verdict == "ok"


def main(checks):
    wanted = sys.argv[1:] or [function.__name__ for function, _ in checks]
    unknown = set(wanted) - {function.__name__ for function, _ in checks}
    if unknown:
        sys.exit("no such check: %s" % " ".join(sorted(unknown)))
    results = [run_one(function, agent) for function, agent in checks if function.__name__ in wanted]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main(CHECKS)
