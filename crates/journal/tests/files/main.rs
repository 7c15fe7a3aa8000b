//! The daily files on a real disk, and the writer under real refusals and real kills.

mod damage;
mod days;
mod gate;
mod refusal;
mod ring;
mod stall;
mod support;
