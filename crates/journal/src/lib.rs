//! Every shape that crosses a process or a disk (versioned), and the append-only daily files.
//!
//! | module | what crosses | form |
//! |---|---|---|
//! | [`order`] | guardian and executor, one message a datagram | binary |
//! | [`ledger`] | the executor and its later self, two slots of one file | binary |
//! | [`line`](mod@line) | one line of the journal | JSON, checksummed |
//! | [`files`] | the journal's daily files | lines |
//! | [`recorder`] | the guardian and whoever comes after a hard reset, a ring in one file | binary |
//! | [`json`] | whatever else is said in JSON by processes without serde (control socket) | JSON |
//!
//! # The guardian writes
//!
//! ```
//! use defib_engine::{event::Event, time::Moment};
//! use defib_journal::files::{Limits, Writer};
//! use defib_journal::line::Line;
//! use std::borrow::Cow;
//! # let folder = std::env::temp_dir().join(format!("defib-doc-writes-{}", std::process::id()));
//!
//! let mut writer = Writer::open(&folder, Limits::default())?;
//! let (wall_ms, up) = (1_795_317_127_123, Moment(86_400_123));
//! if writer.turn_page(wall_ms)? {
//!     // A file begins: append `Line::Policy` and `Line::Checkpoint` here, from borrowed values:
//!     // writer.append(wall_ms, up, &Line::Policy { policy: Cow::Borrowed(&policy) })?;
//!     // writer.append(wall_ms, up, &Line::Checkpoint { state: Cow::Borrowed(&state) })?;
//! }
//! writer.append(wall_ms, up, &Line::Event { event: Cow::Owned(Event::Woke) })?;
//! writer.flush()?; // in the file: `tail` sees it. Once a loop turn.
//! writer.sync()?; // survives a power cut: before an order leaves, and within a second.
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A refused write is an error to report, not a reason to stop: lines wait in a bounded backlog, the
//! next `flush` tries again, and what had to be dropped is confessed in an `alarm` line.
//!
//! # It goes on after a restart, and `replay` repeats it
//!
//! ```
//! use defib_journal::files::tail_from_last_checkpoint;
//! use defib_journal::line::Line;
//! # let folder = std::env::temp_dir();
//!
//! if let Some(mut tail) = tail_from_last_checkpoint(&folder)? {
//!     let mut effects = Vec::new();
//!     while let Some(entry) = tail.entries.next_entry()? {
//!         match entry.line {
//!             Line::Event { event } => defib_engine::step(
//!                 &mut tail.state, &tail.policy, entry.up, &event, &mut effects,
//!             ),
//!             Line::Policy { policy } => { /* a reload: `State::reload` */ drop(policy) }
//!             _ => {}
//!         }
//!     }
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The console follows
//!
//! [`files::Reader::open`] begins with the oldest line; `next_entry` gives `None` at the end and may
//! be asked again later. Apps are named by the last `policy` line before an entry.
//!
//! # The executor remembers
//!
//! [`ledger::Ledger`] is a value with edits; [`ledger`] shows the order of writes. One file of two
//! slots at [`ledger::Slot::offset`]; on start:
//! `Ledger::newest(Ledger::decode_slot(a), Ledger::decode_slot(b))`, where
//! [`Damaged::Empty`](ledger::Damaged::Empty) means [`Ledger::fresh`](ledger::Ledger::fresh) and any
//! other error [`Ledger::pessimistic`](ledger::Ledger::pessimistic); then
//! [`next_boot`](ledger::Ledger::next_boot).
//!
//! # Messages
//!
//! ```
//! use defib_journal::order::Request;
//! let mut message = Vec::with_capacity(defib_journal::order::MESSAGE_MAX);
//! Request::Beat.encode(&mut message);
//! assert_eq!(Request::decode(&message), Ok(Request::Beat));
//! ```
//!
//! # Other JSON without serde
//!
//! [`json::Out`] writes by hand; [`shape_struct!`] and [`shape_enum!`] give own types both
//! directions; [`json::In`] reads a request field by field.

pub mod boot;
pub mod drill;
mod engine_wire;
pub mod files;
pub mod json;
pub mod ledger;
pub mod line;
mod malformed;
pub mod order;
pub mod recorder;
#[cfg(test)]
mod sample;
mod shapes;
mod wire;
