#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| comity_fuzz::markdown::markdown(octets));
