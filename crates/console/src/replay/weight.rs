//! One weight, changed: to see what it decides.

use defib_engine::policy::Weights;
use std::fmt;
use std::str::FromStr;

/// A change of one weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nudge {
    name: &'static str,
    change: i16,
}

type Field = (&'static str, fn(&mut Weights) -> &mut i16);

const FIELDS: [Field; 12] = [
    ("died_db", |w| &mut w.died_db),
    ("refused_db", |w| &mut w.refused_db),
    ("timeout_db", |w| &mut w.timeout_db),
    ("reset_db", |w| &mut w.reset_db),
    ("server_error_db", |w| &mut w.server_error_db),
    ("body_db", |w| &mut w.body_db),
    ("command_db", |w| &mut w.command_db),
    ("outside_db", |w| &mut w.outside_db),
    ("pass_db", |w| &mut w.pass_db),
    ("source_cap_db", |w| &mut w.source_cap_db),
    ("cusum_fail", |w| &mut w.cusum_fail),
    ("cusum_pass", |w| &mut w.cusum_pass),
];

impl Nudge {
    /// Changes the weight.
    pub fn apply(self, weights: &mut Weights) {
        let field = FIELDS.iter().find(|(name, _)| *name == self.name);
        if let Some((_, field)) = field {
            let weight = field(weights);
            *weight = weight.saturating_add(self.change);
        }
    }
}

impl FromStr for Nudge {
    type Err = String;

    fn from_str(text: &str) -> Result<Nudge, String> {
        let (name, change) =
            text.split_once('=').ok_or("write it as NAME=CHANGE, such as timeout_db=+1")?;
        let known = FIELDS.iter().find(|(known, _)| *known == name.trim());
        let names = || FIELDS.map(|(name, _)| name).join(", ");
        let (name, _) =
            known.ok_or_else(|| format!("no weight '{name}'\nthere is: {}", names()))?;
        let change = change
            .trim()
            .parse()
            .map_err(|_| format!("'{change}' is no change in whole decibans, such as +1 or -3"))?;
        Ok(Nudge { name, change })
    }
}

impl fmt::Display for Nudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:+}", self.name, self.change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_can_be_changed_and_only_that_one() {
        for (name, _) in FIELDS {
            let nudge: Nudge = format!("{name}=+1").parse().expect("a known weight");
            let mut weights = Weights::FIELD;
            nudge.apply(&mut weights);
            assert_ne!(weights, Weights::FIELD, "{name}");
            let back: Nudge = format!("{name}=-1").parse().expect("a known weight");
            back.apply(&mut weights);
            assert_eq!(weights, Weights::FIELD, "{name}");
        }
    }

    #[test]
    fn a_wrong_change_says_what_there_is() {
        let error = |text: &str| text.parse::<Nudge>().expect_err("wrong");
        assert!(error("timeout").contains("NAME=CHANGE"));
        assert!(error("time_db=+1").contains("timeout_db"));
        assert!(error("timeout_db=much").contains("whole decibans"));
    }
}
