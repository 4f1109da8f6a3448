#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(comity_fuzz::receive::receive(octets)));
