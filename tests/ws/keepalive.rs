//! Deadlines, with a clock that the test sets.

use framewright::ws::{Action, Keepalive};

fn keepalive() -> Keepalive {
    Keepalive::new(1000).ping_after(100).dead_after(50).close_within(30)
}

#[test]
fn a_peer_that_talks_is_not_pinged() {
    let mut keepalive = keepalive();
    for now in (1000..5000).step_by(99) {
        assert_eq!(keepalive.poll(now), None);
        keepalive.received(now);
        assert_eq!(keepalive.deadline(), Some(now + 100));
    }
}

#[test]
fn a_silent_peer_is_pinged_once_and_is_dead_once() {
    let mut keepalive = keepalive();
    assert_eq!(keepalive.deadline(), Some(1100));
    assert_eq!(keepalive.poll(1099), None);
    assert_eq!(keepalive.poll(1100), Some(Action::Ping));
    assert_eq!(keepalive.deadline(), Some(1150));
    assert_eq!(keepalive.poll(1149), None);
    assert_eq!(keepalive.poll(1150), Some(Action::Dead));
    keepalive.closing(1160);
    keepalive.received(1160);
    assert_eq!((keepalive.deadline(), keepalive.poll(u64::MAX)), (None, None));
}

#[test]
fn a_late_poll_still_gives_the_peer_its_time_to_answer() {
    let mut keepalive = keepalive();
    assert_eq!(keepalive.poll(2000), Some(Action::Ping));
    assert_eq!(keepalive.poll(2049), None);
    assert_eq!(keepalive.poll(2050), Some(Action::Dead));
}

#[test]
fn whatever_a_pinged_peer_sends_is_life() {
    let mut keepalive = keepalive();
    assert_eq!(keepalive.poll(1100), Some(Action::Ping));
    keepalive.received(1149);
    assert_eq!(keepalive.poll(1248), None);
    assert_eq!(keepalive.poll(1249), Some(Action::Ping));
}

#[test]
fn a_close_times_out_whatever_still_comes() {
    let mut keepalive = keepalive();
    keepalive.closing(1010);
    keepalive.received(1020);
    keepalive.closing(1030);
    assert_eq!(keepalive.deadline(), Some(1040), "the first call counts");
    assert_eq!(keepalive.poll(1039), None);
    assert_eq!(keepalive.poll(1040), Some(Action::CloseTimedOut));
    assert_eq!((keepalive.deadline(), keepalive.poll(u64::MAX)), (None, None));
}

#[test]
fn a_close_replaces_a_pending_ping() {
    let mut keepalive = keepalive();
    assert_eq!(keepalive.poll(1100), Some(Action::Ping));
    keepalive.closing(1110);
    assert_eq!(keepalive.poll(1140), Some(Action::CloseTimedOut));
}

#[test]
fn the_end_of_time_is_not_an_overflow() {
    let mut keepalive = Keepalive::new(u64::MAX).ping_after(u64::MAX);
    assert_eq!(keepalive.deadline(), Some(u64::MAX));
    assert_eq!(keepalive.poll(u64::MAX), Some(Action::Ping));
}
