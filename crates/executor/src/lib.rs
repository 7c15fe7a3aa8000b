//! Carries out closed orders on configured targets, and owns the ledger.
