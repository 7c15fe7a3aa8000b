//! The ledger: edits, bytes, damage.
