#!/usr/bin/env python3
"""A machine on which no process is to be had, and an app that nothing brings back.

`DEFIB_LAB=FOLDER LAB_MACHINE=qemu lab/run worst [NAME...]`: like `lab/run sick`, from the state in which
`lab/run prepare defib-deb defib-scaled-broken` left the machine. The second holds the package of
`cargo xtask deb --scaled-windows` (`lab/run install target/dist-lab/defib scaled-broken`), since nobody waits for 34 h: 6 h and
a day of its budgets are 6 and 24 min. LAB_MINUTES makes it shorter: in 15 there are the first two reboots and a freeze.
"""
import os
import sys
import time

os.environ["LAB_MACHINE"] = "qemu"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import lab, want  # noqa: E402
from sick import main, told_at_login  # noqa: E402

CHECKS = []


def check(agent):
    def take(function):
        CHECKS.append((function, agent))
        return function
    return take


# The same app a second time, for Monit: two agents on one app would fight. Its file is the lab's own for Monit, but for
# the lines that reboot, which would end the other's run too. The filter spares the rest Monit's kill(-1) (see
# `monit_kills`); it needs no other: its stop and start are systemctl's.
JAIL = """mkdir -p /run/systemd/system/monit.service.d
printf '[Service]\\nSystemCallFilter=~kill\\nSystemCallErrorNumber=EPERM\\n' > /run/systemd/system/monit.service.d/jail.conf
"""
TWIN = """cp -r /srv/app /srv/twin; sed -i 's/8080/8081/' /srv/twin/gunicorn.conf.py
sed 's#/srv/app#/srv/twin#g; s/subject app/twin/' /etc/systemd/system/app.service > /etc/systemd/system/twin.service
cat > /etc/monit/monitrc <<'E'
set daemon 5
set log /var/log/monit.log
set httpd port 2812 and use address 127.0.0.1 allow 127.0.0.1
check process twin matching "/srv/twin/"
  start program = "/bin/systemctl start twin" with timeout 60 seconds
  stop program = "/bin/systemctl stop twin" with timeout 120 seconds
  if failed port 8081 protocol http request "/" with timeout 5 seconds for 2 cycles then restart
E
chmod 600 /etc/monit/monitrc; systemctl daemon-reload; systemctl start twin; sleep 15; systemctl start monit; sleep 12
curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8081/; monit -B status | grep -A2 twin"""

# Runs in the guest. What it needs is there before the want begins; then it forks once a second, and says what came of it.
WANT = '''import os, signal, sys, time
switch, bad, seconds, app, twin = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4].split(","), sys.argv[5].split(",")
log = open("/var/log/want.log", "a", buffering=1)  # Not on a tmpfs: its pages are accounted too.
now = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
good = open(switch).read().encode()  # A write that does not begin at 0 would be ignored.
lift = os.open(switch, os.O_WRONLY)
left = {"app": app[0], "twin": twin[0]}
begin = now()
log.write("%.2f begin\\n" % begin)
os.pwrite(lift, bad.encode(), 0)
try:
    for pid in app + twin:
        os.kill(int(pid), signal.SIGSTOP)
    while now() - begin < seconds:
        try:
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            log.write("%.2f fork: it worked\\n" % now())
        except OSError as error:
            log.write("%.2f fork: %s\\n" % (now(), error.strerror))
        for name in list(left):
            try:
                os.kill(int(left[name]), 0)
            except OSError:
                log.write("%.2f %s is gone\\n" % (now(), name))
                del left[name]
        time.sleep(1)
finally:
    os.pwrite(lift, good, 0)
    log.write("%.2f lifted\\n" % now())
'''
SECONDS = 45


def members(g, unit):
    """Its processes, the main one first."""
    main_pid = g.main(unit)
    rest = [int(pid) for pid in g.sh("cat /sys/fs/cgroup/system.slice/%s/cgroup.procs" % unit).split()]
    return ",".join(map(str, [main_pid] + [pid for pid in rest if pid != main_pid]))


def first_good(poller, since):
    """Seconds after `since` (host's clock) to the first answer of the streak that reaches the last poll; None: not up."""
    begin, length = poller.streak(since)
    return None if begin is None or length < lab.STREAK else begin - since


def tell(g, begin):
    """What each of the three wrote, on the guest's up-time."""
    print(g.sh("uniq -c -f1 /var/log/want.log; cat /run/want.err; date; cat /proc/uptime"))
    print(g.sh("journalctl -o short-monotonic --no-pager -n 400 -u defib -u app -u twin -u monit | awk -F'[][]' '$2 > %d' | cut -c1-260" % begin))
    print(g.sh("cat /var/log/monit.log; systemctl status monit twin --no-pager -n 0; cat /proc/$(pgrep -x monit)/wchan; ps -o pid,etime,stat,args -C systemctl"))
    print(g.sh("defib incidents; defib explain last"))


def both_up(g, set_up):
    """The app and its twin, each with its agent; pollers of both."""
    g.up(90)
    print(g.sh(set_up, 120))
    port = lab.free_port()
    g.vm.monitor("hostfwd_add n0 tcp:127.0.0.1:%d-:8081" % port)
    app, twin = lab.Poller(g.vm.port), lab.Poller(port)
    app.start(), twin.start()
    g.until("both answer", lambda: None not in (first_good(app, 0), first_good(twin, 0)), 60)
    return app, twin


def begin_want(g, switch, bad, seconds=SECONDS):
    g.sh("cat > /run/want.py <<'E'\n%sE" % WANT)
    words = (switch, bad, seconds, members(g, "app.service"), members(g, "twin.service"))
    g.sh("(setsid python3 /run/want.py %s '%s' %d %s %s </dev/null >/dev/null 2>/run/want.err &)" % words)


def no_process(g, switch, bad, errno):
    app, twin = both_up(g, JAIL + TWIN)
    defibs, old = g.pids(), g.boot_id()
    up, host = float(g.sh("cut -d' ' -f1 /proc/uptime")), time.monotonic()
    begin_want(g, switch, bad)
    # Nothing is asked of the guest until it is over: the shell could start nothing.
    time.sleep(SECONDS + 15)
    g.until("the want is over", lambda: "lifted" in (g.vm.sh("cat /var/log/want.log", 20) or ""), 120)
    rows = [line.split(None, 1) for line in g.sh("cat /var/log/want.log").splitlines()]
    when = {text: float(at) for at, text in rows}
    begin, lifted = when["begin"], when["lifted"]
    since = host + lifted - up
    try:
        g.until("the app answers again", lambda: first_good(app, since) is not None, 400)
        # Monit has its time too: two of its cycles, its stop and its start.
        end = time.monotonic() + 75
        while time.monotonic() < end and first_good(twin, since) is None:
            time.sleep(1)
        monit, watched = first_good(twin, since), time.monotonic() - since
    finally:
        app.go = twin.go = False
        tell(g, begin)
    forks = [text for _, text in rows if text.startswith("fork:")]
    refused = sum(errno in text for text in forks)
    want(refused == len(forks) > SECONDS / 2, "%d of %d forks failed" % (refused, len(forks)))
    want("app is gone" in when, "the app was not killed while no process was to be had")
    want(g.pids() == defibs, "defib's processes are others: %s, %s" % (defibs, g.pids()))
    want(g.boot_id() == old, "the machine was rebooted")
    return "%d of %d forks: %s; hung app killed after %.1f s, answers %.1f s after the want of %.0f s was over; Monit's app: %s" % (
        refused, len(forks), errno, when["app is gone"] - begin, first_good(app, since), lifted - begin,
        "not within %d s" % watched if monit is None else "%.1f s after" % monit)


@check("defib-deb")
def no_process_eagain(g):
    """kernel.threads-max below what runs: every fork fails, PID 1's and root's too."""
    return no_process(g, "/proc/sys/kernel/threads-max", "20", "Resource temporarily unavailable")


@check("defib-deb")
def no_process_enomem(g):
    """Strict accounting with a limit of nothing: every fork fails, and every mapping."""
    g.sh("echo 0 > /proc/sys/vm/overcommit_ratio")
    return no_process(g, "/proc/sys/vm/overcommit_memory", "2", "Cannot allocate memory")


@check("defib-deb")
def monit_heals(g):
    """The control: with the filter and without any want, Monit's acts do cure its hung app."""
    app, twin = both_up(g, JAIL + TWIN)
    begin = time.monotonic()
    g.sh("kill -STOP %s" % members(g, "twin.service").replace(",", " "))
    time.sleep(10)
    try:
        g.until("the twin answers again", lambda: first_good(twin, begin + 5) is not None, 150)
        return "Monit's hung app answers after %.1f s" % (first_good(twin, begin + 5) + 5)
    finally:
        app.go = twin.go = False
        print(g.sh("tail -20 /var/log/monit.log"))


def want_without_end(g, set_up):
    """Nobody lifts it: seconds to another boot and to the app's answer, and what is told at login."""
    app, twin = both_up(g, set_up)
    g.armed()
    old, begin = g.boot_id(), time.monotonic()
    begin_want(g, "/proc/sys/kernel/threads-max", "20", 3600)
    try:
        took = g.rebooted(old, 400)
        g.until("the app answers again", lambda: first_good(app, begin) is not None, 200)
        return took, first_good(app, begin), told_at_login(g)
    finally:
        app.go = twin.go = False


@check("defib-deb")
def no_process_for_good(g):
    """Starts in vain until the ladder's last rung, whose polite step cannot be done either."""
    took, back, text = want_without_end(g, JAIL + TWIN)
    return "another boot after %.0f s, answers after %.0f s; at login: %r" % (took, back, text)


@check("defib-deb")
def monit_kills(g):
    """Monit as its package runs it: when its fork fails, every process is killed (kill(-1)). Then only the device is left."""
    took, back, text = want_without_end(g, TWIN)
    console = open(g.vm.console, errors="replace").read()
    emptied = [line for line in console.splitlines() if "dbus.service: Failed to fork" in line][:1]
    want(emptied, "Monit killed nobody")
    return "the first to be started anew in vain: %r; another boot after %.0f s, answers after %.0f s; at login: %r" % (emptied[0], took, back, text)


@check("defib-deb")
def panic(g):
    """The kernel panics and reboots itself by kernel.panic=5: told as such, not as ours, and charged."""
    g.up(90)
    g.armed()
    old = g.boot_id()
    g.sh("echo 5 > /proc/sys/kernel/panic; ls /sys/fs/pstore | wc -l")
    g.sh("(sleep 1; echo c > /proc/sysrq-trigger) >/dev/null 2>&1 &")
    took = g.rebooted(old, 240)
    g.up(120)
    text = told_at_login(g)
    want("by defib" not in text and "rebooted this machine" not in text, "it is told as ours: %r" % text)
    why = g.sh("defib why lab | sed -n '/last boot/,$p'; journalctl -u defib -b --no-pager -o cat | grep -i 'counts as\\|last boot' || true")
    print(why)
    panicked = "sysrq triggered crash" in open(g.vm.console, errors="replace").read()
    return "console says panic: %s; another boot after %.0f s; at login: %r; %s" % (panicked, took, text, why.replace("\n", " | "))


SCALED = 60
WINDOWS = ((6 * 3600 / SCALED, 1), (24 * 3600 / SCALED, 2))
LOOK = ("cat /proc/sys/kernel/random/boot_id; cut -d' ' -f1 /proc/uptime; cat /sys/class/watchdog/watchdog0/state 2>/dev/null || echo none; "
        "systemctl show -p StatusText --value defib | grep -o 'frozen: [0-9]*' || echo 'not frozen'")
SAID = "echo; uptime; defib status; echo; defib why lab; defib why flap | grep -v clear; echo; echo 'at login:'; cat /run/motd.d/defib; systemctl status defib --no-pager -n 0 | grep -i status:"


def live(g, seconds):
    """Looks every 3 s: (seconds, boot, watchdog, frozen); and the longest time without an answer."""
    begin, looks, silence, last = time.monotonic(), [], 0, time.monotonic()
    said = set()
    while time.monotonic() - begin < seconds:
        time.sleep(3)
        out = (g.vm.sh(LOOK, 5) if g.vm.alive() else None)
        lines = (out or "").split()
        if len(lines) < 3 or len(lines[0]) != 36:
            g.vm.disconnect()
            continue
        now = time.monotonic()
        silence, last = max(silence, now - last), now
        boot, frozen = lines[0], " ".join(lines[3:])
        looks.append((now - begin, boot, lines[2], frozen))
        # Once the boot has settled, when it is frozen, and every 5 min.
        news = (boot, frozen, int(now - begin) // 300)
        if float(lines[1]) > 60 and news not in said:
            said.add(news)
            print("\n===== %.0f s: boot %s, watchdog %s, %s\n%s" % (now - begin, boot[:8], lines[2], frozen, g.vm.sh(SAID, 20)), flush=True)
    return looks, silence


# Broken for good, and not in one way only, since one incident climbs each ladder once: in the first boot it cannot be
# started, in all that follow it is started and listens never.
BROKEN = """[Service]
ExecStartPre=/bin/sh -c '[ ! -e /run/lab-dead ]'
ExecStart=
ExecStart=/bin/sh -c '[ ! -e /var/lib/lab-mute ] || exec sleep infinity; exec /usr/bin/gunicorn -c /srv/app/gunicorn.conf.py app:app'
"""
# Another that a boot does bring back, each time for a minute and a half: it asks for the next reboot over and over.
FLAP = """cat > /etc/systemd/system/flap.service <<'E'
[Service]
ExecStartPre=/bin/sh -c '[ ! -e /run/flap-began ]'
ExecStartPre=/bin/touch /run/flap-began
ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 8090 -d /srv
RuntimeMaxSec=90
[Install]
WantedBy=multi-user.target
E
sed -n '/^.app.lab/,$p' /etc/defib/defib.toml | sed 's/app.lab/app.flap/; s/8080/8090/; s/app.service/flap.service/' > /run/flap.toml
cat /run/flap.toml >> /etc/defib/defib.toml; systemctl daemon-reload; systemctl enable --now flap; systemctl reload defib; sleep 3"""


def most_in(times, window):
    return max(sum(0 <= later - first < window for later in times) for first in times)


@check("defib-scaled-broken")
def broken_for_good(g):
    """The app never starts again: reboots within the budget, the machine reachable, and told what is wrong."""
    print(g.sh("defib --version; defib check; dpkg -s defib | grep ^Version; defib doctor | grep -A3 -i 'not for use'; systemctl status defib -n 0 | grep Status:"))
    g.up(90)
    g.until("the least up-time", lambda: float(g.sh("cut -d' ' -f1 /proc/uptime")) > 40, 60)
    first = g.boot_id()
    g.drop_in(BROKEN)
    print(g.sh(FLAP))
    g.until("the other app is up", lambda: g.app("flap")["state"] == "up", 60)
    g.sh("touch /var/lib/lab-mute /run/lab-dead; sync; kill -9 %d" % g.main())
    looks, silence = live(g, int(os.environ.get("LAB_MINUTES", "34")) * 60)
    g.vm.disconnect()
    want(g.vm.wait_shell(120), "the machine cannot be reached in the end")
    boots = [first] + list(dict.fromkeys(boot for _, boot, _, _ in looks if boot != first))
    print(g.sh(SAID + "; uptime; defib incidents; defib explain last; grep -h -E '\"kind\":\"(boot|order|frozen|thawed|refused|alarm)' "
               "/var/lib/defib/journal/*.jsonl | grep -vi '\"rung\":\"start' | cut -c1-300"))
    orders = [float(at) / 1000 for at in g.sh("grep -h '\"kind\":\"order\"' /var/lib/defib/journal/*.jsonl | grep -i '\"rung\":\"reboot\"' "
                                            "| grep -o '\"up\":[0-9]*' | cut -d: -f2").split()]
    want(len(orders) == len(boots) - 1 >= 2, "%d boots, %d orders to reboot" % (len(boots), len(orders)))
    for window, limit in WINDOWS:
        want(most_in(orders, window) <= limit, "%s: more than %d in %d s" % (orders, limit, window))
    ends = [max(at for at, boot, _, _ in looks if boot == one) for one in boots]
    armed = ["%.0f s" % at for at, boot, dog, _ in looks if dog == "active" and ends[boots.index(boot)] - at > 60]
    want(not armed, "the watchdog was armed at %s" % armed)
    want(any(frozen.startswith("frozen") for _, _, _, frozen in looks), "it was never frozen")
    seen = [next(at for at, boot, _, _ in looks if boot == one) for one in boots[1:]]
    return "%d reboots in %d s (seen after %s s), up-time line %s; longest silence %.0f s" % (
        len(boots) - 1, looks[-1][0], " ".join("%.0f" % at for at in seen), " ".join("%.0f" % at for at in orders), silence)


if __name__ == "__main__":
    main(CHECKS)
