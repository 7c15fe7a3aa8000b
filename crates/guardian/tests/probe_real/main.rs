//! Probes against real servers: scripted ones for what no decent server does, nginx for the rest.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod certificates;
mod command;
mod derived;
mod http;
mod nginx;
mod resolve;
mod servers;
mod tcp;
mod tls;
