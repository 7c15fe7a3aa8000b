//! Model checking with stateright: the real engine, the real ledger and the real admission of orders in
//! a world of a few apps with short times, where everything that may happen does, in every order. No
//! horizon: the states that can be reached are finite (`shape.rs`), and all of them are visited.
//! docs/decisions/076 says what is modelled, what is assumed, and how many states there are.
//!
//! `cargo nextest run -p defib-sim --test model --no-capture` prints the numbers;
//! `cargo xtask test --tier soak` runs the deeper worlds.
#![expect(
    clippy::unused_self,
    reason = "a step of the world is the model's, whether it asks the rules or not"
)]

mod hand;
mod mind;
mod modelled;
mod mutants;
mod next;
mod rules;
mod same_shape;
mod shape;
mod shape_engine;
mod watch;
mod watch_acts;
mod whole;
mod world;
mod worlds;
mod wrong;
