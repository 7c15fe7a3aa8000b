//! Names for the numbers that journal lines carry.

use defib_engine::id::{AppId, ProbeId};
use defib_engine::policy::Policy;

/// The names of one policy's apps and probes. A number without a name (a damaged journal) gets
/// one that shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    apps: Vec<AppNames>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct AppNames {
    name: String,
    probes: Vec<(String, u64)>,
}

impl Names {
    /// Those of this policy.
    pub fn of(policy: &Policy) -> Names {
        let apps = policy.apps.iter().map(|app| AppNames {
            name: app.name.clone(),
            probes: app.probes.iter().map(|p| (p.name.clone(), p.timeout_ms)).collect(),
        });
        Names { apps: apps.collect() }
    }

    /// The app's name.
    pub fn app(&self, app: AppId) -> String {
        let known = self.apps.get(usize::from(app.0));
        known.map_or_else(|| format!("app-{}", app.0), |a| a.name.clone())
    }

    /// The probe's name within its app.
    pub fn probe(&self, probe: ProbeId) -> String {
        self.find(probe).map_or_else(|| format!("probe-{}", probe.index), |(name, _)| name.clone())
    }

    /// The probe's deadline in milliseconds.
    pub fn timeout_ms(&self, probe: ProbeId) -> Option<u64> {
        self.find(probe).map(|(_, timeout_ms)| *timeout_ms)
    }

    /// How many apps there are.
    pub fn app_count(&self) -> usize {
        self.apps.len()
    }

    fn find(&self, probe: ProbeId) -> Option<&(String, u64)> {
        self.apps.get(usize::from(probe.app.0))?.probes.get(usize::from(probe.index))
    }
}
