//! The handler that is fuzzed: with sessions that are random.

#[allow(dead_code)]
#[path = "../../examples/fuzz_handler.rs"]
mod fuzz_handler;

#[test]
fn random_sessions_find_nothing() {
    fuzz_handler::random(3_000, 1);
}
