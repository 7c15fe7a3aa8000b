#!/usr/bin/env python3
"""A reboot of ours in which the kernel itself goes wrong: it panics, or its reboot(2) never ends.

`DEFIB_LAB=FOLDER LAB_MACHINE=qemu lab/run shutdown [NAME...]`: like `lab/run sick`, from the state in which
`lab/run prepare defib-deb-unstartable` left the machine. reboot(2) hangs at a disk that answers nothing: the kernel's own
scsi_debug, told to drop every command, whose cache has to be written out when devices are shut down (190 s until that
gives up). By then the kernel has stopped the hardware watchdog.
"""
import base64
import gzip
import os
import subprocess
import sys
import tempfile

os.environ["LAB_MACHINE"] = "qemu"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import lab, want  # noqa: E402
from sick import STUCK, main, told_at_login  # noqa: E402

CHECKS = []
AGENT = "defib-deb-unstartable"
# In the order of their needs, as `modprobe --show-depends` names them.
MODULES = ("crypto/crct10dif_common crypto/crct10dif_generic lib/crc-t10dif drivers/scsi/scsi_common drivers/scsi/scsi_mod lib/crc64 "
           "crypto/crc64_rocksoft_generic lib/crc64-rocksoft block/t10-pi drivers/scsi/sd_mod drivers/scsi/scsi_debug").split()
PANIC = "cat /proc/sys/kernel/panic"
# At once, of a text for the control shell: 30 kB.
LINES = 400


def check(function):
    CHECKS.append((function, AGENT))
    return function


def push(g, path, data):
    """A file, through the control shell."""
    text = base64.encodebytes(gzip.compress(data, 9)).decode().splitlines()
    for at in range(0, len(text), LINES):
        g.sh("base64 -d >> %s.gz <<'E'\n%s\nE" % (path, "\n".join(text[at:at + LINES])), 120)
    g.sh("gunzip -f %s.gz" % path)


def deaf_disk(g):
    """From now on there is a disk with a write cache that answers nothing."""
    root = os.path.join(lab.W, "kf/lib/modules")
    with tempfile.TemporaryDirectory() as folder:
        for module in MODULES:
            name = os.path.basename(module) + ".ko"
            small = os.path.join(folder, name)
            kernel = os.path.join(root, os.listdir(root)[0], "kernel", module + ".ko")
            subprocess.run(["strip", "--strip-debug", "-o", small, kernel], check=True)
            push(g, "/run/" + name, open(small, "rb").read())
            g.sh("insmod /run/%s" % name)
    kind = "cat /sys/block/sda/device/scsi_disk/*/cache_type 2>/dev/null || true"
    g.until("the disk is there", lambda: g.sh(kind) == "write back", 30)
    # udev reads it; afterwards it would wait for that, and the shutdown for it.
    g.sh("udevadm settle; cd /sys/bus/pseudo/drivers/scsi_debug; echo -1 > every_nth; echo 4 > opts")


def console(g):
    return open(g.vm.console, errors="replace").read()


def least_up_time(g):
    g.up(90)
    g.until("the least up-time", lambda: float(g.sh("cut -d' ' -f1 /proc/uptime")) > 40, 60)


def reboots(g, old, limit):
    """Seconds until another boot, and what it tells."""
    took = g.rebooted(old, limit)
    g.up(120)
    return took, told_at_login(g, "defib")


@check
def panic_in_reboot(g):
    """The kernel panics in the middle of a reboot of ours."""
    g.sh("cat > /run/systemd/system/stuck.service <<'E'\n%sE\nsystemctl daemon-reload; systemctl start stuck" % STUCK)
    least_up_time(g)
    old, before = g.boot_id(), g.sh(PANIC)
    g.app_dies()
    g.until("a panic would reset", lambda: g.sh(PANIC) == "5", 120)
    g.sh("(sleep 1; echo c > /proc/sysrq-trigger) >/dev/null 2>&1 &")
    took, text = reboots(g, old, 240)
    want("sysrq triggered crash" in console(g), "the console says nothing of a panic")
    want(g.sh(PANIC) == before, "after it: " + g.sh(PANIC))
    return "kernel.panic %s, in the reboot 5; another boot %.0f s after the panic; at login: %r" % (before, took, text)


DEAF = "systemd-run --unit deaf -p DefaultDependencies=no sh -c 'trap \"\" TERM; while :; do sleep 1; done'"


@check
def deaf_process(g):
    """The forced reboot beside a process that does not end at TERM: systemd-shutdown waits 90 s for it, defib 10 s in all."""
    g.sh(DEAF)
    g.sh("systemctl mask reboot.target systemd-reboot.service")
    least_up_time(g)
    old = g.boot_id()
    g.app_dies()
    took, text = reboots(g, old, 240)
    want("Sync" in console(g), "the kernel was not asked: " + console(g)[-400:])
    return "another boot after %.0f s; at login: %r" % (took, text)


FREEZE = "echo 1 > /sys/fs/cgroup/init.scope/cgroup.freeze; sleep 1; grep frozen /sys/fs/cgroup/init.scope/cgroup.events"


def hung_reboot(g):
    """PID 1 stands still, so that it is our reboot(2) that never ends."""
    deaf_disk(g)
    want("frozen 1" in g.sh(FREEZE), "PID 1 is not frozen")
    old = g.boot_id()
    g.app_dies()
    return reboots(g, old, 400)


@check
def hung_reboot_sysrq(g):
    """Our reboot(2) never ends: sysrq ends it."""
    least_up_time(g)
    took, text = hung_reboot(g)
    want("sysrq: Resetting" in console(g), "no sysrq b: " + console(g)[-400:])
    return "another boot after %.0f s, by sysrq; at login: %r" % (took, text)


@check
def hung_reboot_watchdog(g):
    """Our reboot(2) never ends, and sysrq does nothing: the device resets, which reboot(2) has stopped."""
    g.sh("mount --bind /dev/null /proc/sysrq-trigger; systemctl restart defib")
    least_up_time(g)
    took, text = hung_reboot(g)
    want("sysrq: Resetting" not in console(g), "it was sysrq")
    return "another boot after %.0f s, by the device; at login: %r" % (took, text)


if __name__ == "__main__":
    main(CHECKS)
