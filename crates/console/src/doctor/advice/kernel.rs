//! Advice about the machine itself: kernel, memory, log, watchdog, logins.

use super::Finding;
use crate::doctor::facts::kernel::Pressure;
use crate::doctor::facts::manager::Journal;
use crate::doctor::rungs::{Case, MACHINE};

/// Machines with at most this much memory need something behind it.
const SMALL_KIB: u64 = 4 * 1024 * 1024;

/// Where sshd should stand with the memory killer: it is how a person gets in.
const SSHD_SCORE: i64 = -900;

pub(super) fn findings(case: Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    found.extend(sshd(case));
    // In a container these are the host's: nothing that is written here would change them.
    if case.facts.who.container.is_none() {
        let all = [panic, panic_on_oom, swap, pressure, journal, watchdog];
        found.extend(all.iter().filter_map(|judge: &fn(Case<'_>) -> Option<Finding>| judge(case)));
    }
    found
}

fn about(id: &'static str, what: impl Into<String>, why: impl Into<String>) -> Finding {
    Finding::advice(id, MACHINE, what.into(), why.into())
}

fn panic(case: Case<'_>) -> Option<Finding> {
    (case.facts.kernel.panic_s? == 0).then(|| {
        about(
            "kernel-panic",
            "kernel.panic = 0: a machine that panics stands still for ever",
            "nothing on the machine runs any more, defib neither; with 10 the kernel resets it after \
             10 s",
        )
        .file("/etc/sysctl.d/60-defib-panic.conf", "kernel.panic = 10\n".to_owned())
        .run("sysctl --system")
    })
}

fn panic_on_oom(case: Case<'_>) -> Option<Finding> {
    let value = case.facts.kernel.panic_on_oom.filter(|value| *value != 0)?;
    let found = about(
        "panic-on-oom",
        format!("vm.panic_on_oom = {value}: running out of memory resets or stops the machine"),
        "ending one process would have been enough, and this reset is in no budget of defib's",
    );
    let path = "/etc/sysctl.d/60-defib-oom.conf";
    Some(found.file(path, "vm.panic_on_oom = 0\n".to_owned()).run("sysctl --system"))
}

fn swap(case: Case<'_>) -> Option<Finding> {
    let memory = &case.facts.memory;
    let total_kib = memory.total_kib.filter(|kib| *kib <= SMALL_KIB)?;
    if memory.swap_kib? > 0 {
        return None;
    }
    let found = about(
        "swap",
        format!("{} MiB of memory, and no swap", total_kib / 1024),
        "from plenty to nothing is a matter of seconds; swap gives defib the time to end what grows",
    );
    if memory.has_zram && case.facts.manager.is_systemd {
        let path = "/etc/systemd/zram-generator.conf";
        let text = "[zram0]\nzram-size = ram / 2\n".to_owned();
        return Some(
            found
                .run("apt-get install systemd-zram-generator   # or your distribution's zram-generator")
                .file(path, text)
                .run("systemctl daemon-reload && systemctl start systemd-zram-setup@zram0.service"),
        );
    }
    Some(
        found
            .run("dd if=/dev/zero of=/swapfile bs=1M count=512 && chmod 600 /swapfile")
            .run("mkswap /swapfile && swapon /swapfile")
            .run("echo '/swapfile none swap sw 0 0' >> /etc/fstab"),
    )
}

fn pressure(case: Case<'_>) -> Option<Finding> {
    (case.facts.kernel.pressure == Pressure::Off).then(|| {
        about(
            "pressure-off",
            "the kernel knows pressure (PSI), and it is switched off",
            "that memory is short is then seen by its amount alone, and a stall of 100 % not at all",
        )
        .person("add psi=1 to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub)")
        .run("update-grub   # then reboot when it suits you")
    })
}

fn journal(case: Case<'_>) -> Option<Finding> {
    (case.facts.manager.journal == Journal::Volatile).then(|| {
        about(
            "journal-volatile",
            "the system's log is kept in memory only",
            "after a reset nothing of it is left to say why the machine went down",
        )
        .file(
            "/etc/systemd/journald.conf.d/50-defib.conf",
            "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n".to_owned(),
        )
        .run("systemctl restart systemd-journald && journalctl --flush")
    })
}

fn watchdog(case: Case<'_>) -> Option<Finding> {
    let watchdogs = &case.facts.watchdogs;
    let is_wanted = case.may_reboot() == Some(true) && watchdogs.devices.is_empty();
    (is_wanted && watchdogs.has_softdog).then(|| {
        about(
            "watchdog-none",
            "no hardware watchdog: /sys/class/watchdog is empty",
            "if the other ways to a reboot fail there is none left. A virtual machine can be given one (i6300esb \
             in QEMU and libvirt); the kernel's own, softdog, helps as long as the kernel is well",
        )
        .file("/etc/modules-load.d/defib-softdog.conf", "softdog\n".to_owned())
        .run("modprobe softdog")
    })
}

fn sshd(case: Case<'_>) -> Option<Finding> {
    let sshd = case.facts.sshd.as_ref()?;
    let score = sshd.oom_score_adj.filter(|score| *score > SSHD_SCORE)?;
    let found = about(
        "oom-score-sshd",
        format!("the memory killer's score of sshd (pid {}) is {score}", sshd.pid),
        format!("at {SSHD_SCORE} the kernel leaves it alive, and a person can still log in"),
    );
    let Some(unit) = sshd.unit().filter(|_| case.facts.manager.is_systemd) else {
        return Some(found.run(format!("echo {SSHD_SCORE} > /proc/{}/oom_score_adj", sshd.pid)));
    };
    let path = format!("/etc/systemd/system/{unit}.d/50-defib-oom-score.conf");
    let text = format!("[Service]\nOOMScoreAdjust={SSHD_SCORE}\n");
    let restart = format!("systemctl daemon-reload && systemctl restart {unit}");
    Some(found.file(&path, text).run(restart))
}
