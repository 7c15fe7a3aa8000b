//! Carries out closed orders on configured targets, and owns the ledger.

pub mod machine;
pub mod manager;
pub mod notify;
pub mod service;
