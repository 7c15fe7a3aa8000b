//! A certificate that is out of date: said, and nothing is restarted for it.

mod support;

use defib_engine::note::{Class, Ending, HandOver};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;
use support::agent::{Agent, COURSE, QUICK, app_user, both_kinds, machine};
use support::subject::Subject;
use support::wait::stays_false;

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Writes `server.crt` and `server.key` for the loopback, valid from 2020 until `year`.
    fn sign(&self, folder: &Path, year: i32) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed").pem();
        // One file with both: gunicorn reads it anew for each connection, and never half of it.
        let both = certificate + &key.serialize_pem();
        fs::write(folder.join("new.pem"), both).expect("ours");
        fs::rename(folder.join("new.pem"), folder.join("server.pem")).expect("ours");
    }
}

/// The app by https, with its certificate in its own folder.
fn section(name: &str, subject: &Subject) -> String {
    let pem = subject.folder().join("server.pem").to_string_lossy().into_owned();
    let mut argv = subject.argv();
    argv.extend(["--certfile", &pem, "--keyfile", &pem].map(str::to_owned));
    let port = subject.port;
    let authority = subject.folder().join("authority.pem").to_string_lossy().into_owned();
    let mut text = format!("\n[app.{name}]\nurl = \"https://localhost:{port}/\"\n");
    let _ = writeln!(text, "ca_file = {authority:?}\nstart = {argv:?}");
    let variables: Vec<String> =
        subject.environment().iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    let _ = writeln!(text, "environment = {{ {} }}", variables.join(", "));
    if let Some(user) = app_user() {
        let _ = writeln!(text, "user = {user:?}");
    }
    text + &QUICK.replace("start_grace = \"20s\"", "start_grace = \"2s\"")
}

#[test]
fn an_expired_certificate_is_reported_and_left_alone() {
    let subjects = both_kinds("certificate");
    let authority = Authority::new();
    let mut text = machine();
    for (kind, subject) in &subjects {
        authority.sign(subject.folder(), 2021);
        fs::write(subject.folder().join("authority.pem"), &authority.pem).expect("ours");
        text += &section(kind, subject);
    }
    let agent = Agent::daemon("certificate", &text);
    for (kind, _) in &subjects {
        agent.wait_incident(kind, "it is over to a person", COURSE, |incident| {
            let is_told = incident.handed_over == Some(HandOver::NoCure);
            (incident.class() == Class::Certificate && is_told).then_some(())
        });
    }
    let first_starts = subjects.len();
    stays_false("an act", Duration::from_secs(4), || agent.order_count() > first_starts);
    for (_, subject) in &subjects {
        authority.sign(subject.folder(), 2090);
    }
    for (kind, _) in &subjects {
        let incident = agent.wait_closed(kind, COURSE);
        assert_eq!(incident.class(), Class::Certificate, "{kind}");
        assert_eq!(incident.ending, Some(Ending::Passed), "{kind}");
        assert_eq!(incident.acts.iter().count(), 0, "{kind}");
    }
    assert_eq!(agent.order_count(), first_starts);
}
