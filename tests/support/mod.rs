//! What the tests of the whole share. No test sleeps: it waits for the thing, with a deadline.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate of its own that uses a part of this"
)]

pub mod agent;
pub mod books;
pub mod calm;
pub mod dice;
pub mod folder;
pub mod http;
pub mod lone;
pub mod machine;
pub mod port;
pub mod storm;
pub mod subject;
pub mod verdict;
pub mod wait;
pub mod whole;
