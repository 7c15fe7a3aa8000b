//! What a person should do next, by class: defib brings an app back; the cause stays until
//! somebody removes it.

use crate::view::Incident;
use crate::words;
use defib_engine::note::{Class, Ending, HandOver};

/// Sentences, most important first.
pub fn advice(incident: &Incident) -> Vec<String> {
    let mut said = Vec::new();
    if let (Some(why), None) = (incident.handed_over, incident.ending) {
        said.push(format!(
            "It needs a person: {}. defib goes on looking, and closes this incident when {} is \
             well again.",
            words::hand_over(why),
            incident.app
        ));
        if why == HandOver::BudgetSpent {
            said.push(
                "Find the cause before you raise the budget: so many acts did not help.".to_owned(),
            );
        }
        if why == HandOver::Frozen {
            said.push(
                "Find the cause, then run: defib resume. Without it the next reboot is tried a day after the \
                 last."
                    .to_owned(),
            );
        }
    }
    said.extend(of_class(incident.class()).iter().map(|line| (*line).to_owned()));
    if matches!(incident.ending, Some(Ending::Recovered { .. })) {
        said.push(format!("If it comes again: defib incidents {} shows how often.", incident.app));
    }
    said
}

const fn of_class(class: Class) -> &'static [&'static str] {
    match class {
        Class::Dead => &[
            "Find out why the process ended: look at its last output.",
            "Signal 9 that nobody sent is often the kernel's out-of-memory killer: look for \
             'Killed process' in dmesg.",
        ],
        Class::CrashLoop => &[
            "Read its last output: an app that dies after every start has a wrong config, a \
             missing dependency, or a taken port.",
            "Did something change? Undo it. defib goes on starting it, at most 5 min apart.",
        ],
        Class::Hung => &[
            "See where it hung: the evidence was taken before the act.",
            "Usual causes: a lock, an exhausted pool of workers or connections, a call without a \
             timeout.",
        ],
        Class::Spinning => &["Find the endless loop: profile it when it happens again."],
        Class::Erroring => &[
            "Read the app's own log for the time of the first wrong answer.",
            "If it began with a deploy, undo that: restarting does not cure wrong code.",
        ],
        Class::Contract => &[
            "The app answers, but not what the config expects. Correct the probe (url, expect), or \
             the app.",
            "No act was made: restarting does not change a redirect or a 401.",
        ],
        Class::Certificate => {
            &["Renew or correct the certificate; see defib probe URL. Restarting does not help, \
             unless the server has not read the new file yet: then reload it."]
        }
        Class::Outside => {
            &["The app itself is well; the way to it is not: look at DNS, proxy, firewall, route."]
        }
        Class::Dependency => &[
            "Repair what it depends on; the app was left alone, because a restart would not help.",
        ],
        Class::Memory => &["Give it more memory, or find what takes it."],
        Class::KernelIo => {
            &["Look at the disk and at dmesg: a process stuck in the kernel cannot \
             be killed."]
        }
        Class::Exhausted => &["Free what is used up: disk, inodes, descriptors or pids."],
        Class::Busy => &["It has more work than it can do: fewer requests, or more machine."],
        Class::BadChange => &["Undo the last change."],
        Class::Proxy => &["Look at the proxy before the app."],
        Class::Intended => &["Nothing: a person, or the app itself, announced it."],
        Class::Unknown => {
            &["The evidence did not agree with itself. Read what was seen, and look at the app \
             yourself."]
        }
    }
}
