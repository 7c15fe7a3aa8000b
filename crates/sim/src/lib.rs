//! A simulated world for defib.
//!
//! One seed makes a [`plan`]: machines, apps, faults, people. The [`world`] lives through it in virtual
//! time. An [`agent`] guards its apps: defib itself (the production engine, and for the whole agent the
//! production guardian, executor, ledger and journal), or what it is measured against. What truly happens
//! is written down as [`fact`]s, which [`check`]ers judge and [`measure`]s count. None of them asks the
//! engine what it thinks of itself.

pub mod agent;
pub mod campaign;
pub mod chance;
pub mod check;
pub mod disk;
pub mod fact;
pub mod fuzz;
pub mod hand;
pub mod log;
pub mod measure;
pub mod mind;
pub mod plan;
mod reader;
pub mod run;
pub mod shrink;
pub mod soak;
pub mod trace;
pub mod trial;
pub mod world;
