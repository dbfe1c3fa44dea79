#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| partner_center_tests::fuzzing::response_body(data));
