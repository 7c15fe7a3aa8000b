//! Which app needs which: what the config itself says. A look of the view *dependency* that is aimed at the
//! port of another app of this machine sees that app, and the one that needs it cannot work without.

use defib_config::spec::{App, Config, Endpoint, ProbeKind};
use defib_engine::policy::View;

/// Who needs whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Of each app and probe: the app that is looked at, if it is another one.
    aims: Vec<Vec<Option<usize>>>,
}

impl Needs {
    pub(crate) fn of(config: &Config) -> Needs {
        let ports: Vec<Option<u16>> =
            (0..config.apps.len()).map(|app| own_port(config, app)).collect();
        let aim_of = |app: usize, probe: usize| {
            let is_need = config.policy.apps[app].probes[probe].view == View::Dependency;
            let port = loopback_port(&config.apps[app], probe).filter(|_| is_need)?;
            ports.iter().position(|own| *own == Some(port)).filter(|other| *other != app)
        };
        let aims = config.apps.iter().enumerate();
        Needs {
            aims: aims
                .map(|(app, it)| (0..it.probes.len()).map(|probe| aim_of(app, probe)).collect())
                .collect(),
        }
    }

    /// The app that this probe looks at in place of its own.
    pub(crate) fn aim(&self, app: usize, probe: usize) -> Option<usize> {
        self.aims[app][probe]
    }

    /// The apps that this one cannot work without.
    pub(crate) fn of_app(&self, app: usize) -> impl Iterator<Item = usize> + '_ {
        self.aims[app].iter().copied().flatten()
    }

    /// The apps that cannot work without this one.
    pub(crate) fn needing(&self, app: usize) -> impl Iterator<Item = usize> + '_ {
        let needs = move |aims: &Vec<Option<usize>>| aims.contains(&Some(app));
        self.aims.iter().enumerate().filter(move |(_, aims)| needs(aims)).map(|(index, _)| index)
    }
}

/// Where the app itself listens, as its own looks say.
fn own_port(config: &Config, app: usize) -> Option<u16> {
    let probes = config.policy.apps[app].probes.iter().enumerate();
    probes
        .filter(|(_, rules)| rules.view == View::App)
        .find_map(|(probe, _)| loopback_port(&config.apps[app], probe))
}

fn loopback_port(app: &App, probe: usize) -> Option<u16> {
    let spec = app.probes.get(probe).filter(|spec| !spec.derived)?;
    let endpoint = match &spec.kind {
        ProbeKind::Http(http) => &http.endpoint,
        ProbeKind::Tcp(endpoint) => endpoint,
        ProbeKind::Command(_) => return None,
    };
    match endpoint {
        Endpoint::Ip(address, port) if address.is_loopback() => Some(*port),
        Endpoint::Ip(..) | Endpoint::Name { .. } | Endpoint::Unix(_) => None,
    }
}
