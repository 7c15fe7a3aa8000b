//! The laws of the ledger, judged by code that shares nothing with it: lists that forget nothing, and a reader of
//! the bytes that knows only `docs/formats/ledger.md`.

mod bytes;
mod deeds;
mod ends;
mod kept;
mod life;
mod memory;
mod vain;
