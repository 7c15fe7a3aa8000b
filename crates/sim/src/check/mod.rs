//! Checkers: the invariants of SPECIFICATION.md, judged by what truly happened.
//!
//! They share no code with the engine, and read neither its state nor its opinion.
