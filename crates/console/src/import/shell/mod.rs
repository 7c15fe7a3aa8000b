//! A reader of shell text: it runs nothing, asks nothing, and says what a script would look at and
//! do. What it does not know it says too; it never guesses a meaning.

pub(crate) mod act;
mod compound;
mod condition;
pub(crate) mod expand;
pub(crate) mod finding;
mod lex;
pub(crate) mod look;
mod prefix;
mod quote;
mod run;
mod script;
mod test;
mod tree;
mod walk;
mod word;

pub(crate) use finding::{Act, Done, Finding, Launch, Look};
pub(crate) use walk::{Setting, read};
