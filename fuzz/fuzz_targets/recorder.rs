#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| defib_sim::fuzz::recorder(data));
