//! What the executor says first: who it is, what its ledger holds, and at last the config.

use super::body::Broken;
use defib_engine::event::Started;
use defib_journal::boot::LastBoot;
use defib_journal::order::{PROTOCOL, Report};

/// How long the executor may take from our hello to its config: it has both ledger and config in
/// memory when it starts us, so one that takes longer is not going to answer.
pub const HANDSHAKE_MS: u64 = 10_000;

/// The greeting, but for the config that came with its last message.
#[derive(Debug)]
pub struct Greeting {
    pub(super) line_offset_ms: u64,
    pub(super) boot_id: [u8; 16],
    /// Why nothing is to be done but observing.
    pub(super) observe_only: Option<String>,
    /// How the boot before this one ended.
    pub(super) last_boot: Option<LastBoot>,
    /// Without `new_boot`, which only the journal can tell.
    pub(super) started: Started,
    /// What came before the config, to be handled after `Started`.
    pub(super) early: Vec<Report>,
}

/// Puts the greeting together.
#[derive(Debug, Default)]
pub struct Handshake {
    welcome: Option<(u64, [u8; 16])>,
    started: Started,
    observe_only: Option<String>,
    last_boot: Option<Box<LastBoot>>,
    early: Vec<Report>,
}

impl Handshake {
    /// Takes the next message; `None` while the greeting is not complete. It is complete with
    /// [`Report::Config`].
    pub fn hear(&mut self, report: Report) -> Result<Option<Greeting>, Broken> {
        match report {
            Report::Welcome { protocol, line_offset_ms, booted_at, boot_id, last_intent } => {
                expect_protocol(protocol)?;
                self.started.booted_at = booted_at;
                self.started.last_intent = last_intent;
                self.welcome = Some((line_offset_ms, boot_id));
            }
            Report::LedgerCharge(charge) => self.started.charges.push(charge),
            Report::LedgerIntent(intent) => self.started.intents.push(intent),
            Report::LedgerStarts(starts) => self.started.starts.push(starts),
            Report::LedgerVain(reboot) => self.started.vain.0.push(reboot),
            Report::LedgerEnd => {}
            Report::ObserveOnly { message } => self.observe_only = Some(message),
            Report::LastBoot(last) => self.last_boot = Some(Box::new(last)),
            Report::Config => return self.complete().map(Some),
            Report::Stop => return Err(Broken::Closed),
            other => self.early.push(other),
        }
        Ok(None)
    }

    fn complete(&mut self) -> Result<Greeting, Broken> {
        let (line_offset_ms, boot_id) = self.welcome.ok_or_else(no_welcome)?;
        Ok(Greeting {
            line_offset_ms,
            boot_id,
            observe_only: self.observe_only.take(),
            last_boot: self.last_boot.take().map(|last| *last),
            started: std::mem::take(&mut self.started),
            early: std::mem::take(&mut self.early),
        })
    }
}

fn expect_protocol(protocol: u16) -> Result<(), Broken> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    Err(Broken::Protocol(format!("it speaks version {protocol}, we speak {PROTOCOL}")))
}

fn no_welcome() -> Broken {
    Broken::Protocol("a config came before the welcome".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::AppId;
    use defib_engine::time::Moment;

    fn welcome(protocol: u16) -> Report {
        Report::Welcome {
            protocol,
            line_offset_ms: 7,
            booted_at: Moment(8),
            boot_id: [9; 16],
            last_intent: 10,
        }
    }

    #[test]
    fn the_config_completes_it_and_what_came_early_is_kept() {
        let mut handshake = Handshake::default();
        let early = Report::Stopped { app: AppId(0) };
        let observe = Report::ObserveOnly { message: "deaths".into() };
        for report in [welcome(PROTOCOL), early.clone(), Report::LedgerEnd, observe] {
            assert!(handshake.hear(report).unwrap().is_none());
        }
        let greeting = handshake.hear(Report::Config).unwrap().expect("a greeting");
        assert_eq!((greeting.line_offset_ms, greeting.boot_id), (7, [9; 16]));
        assert_eq!((greeting.started.booted_at, greeting.started.last_intent), (Moment(8), 10));
        assert_eq!(greeting.early, [early]);
        assert_eq!(greeting.observe_only.as_deref(), Some("deaths"));
    }

    #[test]
    fn another_version_is_not_believed_and_nothing_comes_before_the_welcome() {
        let error = Handshake::default().hear(welcome(PROTOCOL + 1)).unwrap_err();
        assert!(matches!(error, Broken::Protocol(text) if text.contains("version 4")));
        assert!(Handshake::default().hear(Report::Config).is_err());
        assert!(matches!(Handshake::default().hear(Report::Stop), Err(Broken::Closed)));
    }
}
