//! One fold of the journal's lines into incidents and states of apps. Everything that is shown
//! (reports, tables, the living line) is drawn from it, so that no two of them can disagree.

mod app;
mod boot;
mod fold;
mod incident;
mod keep;
mod line;
mod notes;
mod open;

pub use app::{AppView, AppWord};
pub use boot::BootEnd;
pub use fold::View;
pub use incident::{Act, Incident, Item, Piece, Point, What};
pub(crate) use notes::app_of;
pub use open::{Reading, read_folder};
