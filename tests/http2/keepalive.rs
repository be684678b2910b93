//! Deadlines, with a clock that the test sets (RFC 9113).

use framewright::http2::{Action, Keepalive};

fn fresh() -> Keepalive {
    Keepalive::new(1000)
        .open_within(40)
        .settings_within(60)
        .ping_after(100)
        .dead_after(50)
        .stall_after(200)
        .idle_after(500)
        .close_within(30)
}

/// A connection that opened at 1000 and has a stream.
fn open() -> Keepalive {
    let mut keepalive = fresh();
    keepalive.opened(1000);
    keepalive.acknowledged();
    keepalive.streams(1000, true);
    keepalive
}

/// The next action, and the only time at which it comes.
fn next(keepalive: &mut Keepalive) -> Option<(u64, Action)> {
    let deadline = keepalive.deadline()?;
    assert_eq!(keepalive.poll(deadline - 1), None);
    Some((deadline, keepalive.poll(deadline).expect("it is time")))
}

/// §3.4.
#[test]
fn a_slow_preface_times_out_however_many_bytes_come() {
    let mut keepalive = fresh();
    for now in 1000..1040 {
        keepalive.received(now);
        assert_eq!(keepalive.poll(now), None);
    }
    assert_eq!(next(&mut keepalive), Some((1040, Action::PrefaceTimedOut)));
    assert_eq!(next(&mut keepalive), Some((1070, Action::CloseTimedOut)));
    assert_eq!(next(&mut keepalive), None);
}

/// §6.5.3.
#[test]
fn settings_have_to_be_acknowledged() {
    let mut keepalive = fresh();
    keepalive.opened(1010);
    keepalive.streams(1020, true);
    keepalive.received(1050);
    assert_eq!(next(&mut keepalive), Some((1060, Action::SettingsTimedOut)));
    assert_eq!(next(&mut keepalive), Some((1090, Action::CloseTimedOut)));

    let mut keepalive = fresh();
    keepalive.opened(1010);
    keepalive.opened(1030);
    keepalive.acknowledged();
    keepalive.streams(1020, true);
    assert_eq!(keepalive.deadline(), Some(1120), "only the first opening counts");
}

#[test]
fn a_peer_that_talks_is_not_pinged() {
    let mut keepalive = open();
    for now in (1000..5000).step_by(99) {
        assert_eq!(keepalive.poll(now), None);
        keepalive.received(now);
        assert_eq!(keepalive.deadline(), Some(now + 100));
    }
}

/// §6.7.
#[test]
fn a_silent_peer_is_pinged_once_and_is_dead_once() {
    let mut keepalive = open();
    assert_eq!(next(&mut keepalive), Some((1100, Action::Ping)));
    keepalive.received(1149);
    assert_eq!(next(&mut keepalive), Some((1249, Action::Ping)));
    assert_eq!(next(&mut keepalive), Some((1299, Action::Dead)));
    keepalive.closing(1300);
    keepalive.received(1300);
    assert_eq!((keepalive.deadline(), keepalive.poll(u64::MAX)), (None, None));
}

#[test]
fn a_late_poll_still_gives_the_peer_its_time_to_answer() {
    let mut keepalive = open();
    assert_eq!(keepalive.poll(2000), Some(Action::Ping));
    assert_eq!(next(&mut keepalive), Some((2050, Action::Dead)));
}

/// §9.1.
#[test]
fn without_a_stream_nobody_is_pinged_and_the_connection_closes() {
    // gRFC A8: servers end connections that ping without a call.
    let mut keepalive = open();
    keepalive.streams(1050, false);
    keepalive.streams(1060, false);
    assert_eq!(keepalive.deadline(), Some(1550), "only changes count");
    keepalive.streams(1500, true);
    assert_eq!(keepalive.deadline(), Some(1600), "the silence before the stream does not count");
    keepalive.streams(1590, false);
    keepalive.received(2000);
    assert_eq!(next(&mut keepalive), Some((2090, Action::Idle)));
    assert_eq!(next(&mut keepalive), Some((2120, Action::CloseTimedOut)));
}

/// §10.5.
#[test]
fn a_peer_that_keeps_its_windows_shut_is_told_by_the_bytes_that_go_out() {
    // CVE-2019-9511: windows that open by one byte at a time, and pings all the while.
    let mut keepalive = open();
    keepalive.waiting(1000, true);
    for now in 1000..1200 {
        keepalive.received(now);
        keepalive.waiting(now, true);
        keepalive.sent(now, 1);
        assert_eq!(keepalive.poll(now), None);
    }
    assert_eq!(keepalive.poll(1200), Some(Action::Stalled));
    assert_eq!(next(&mut keepalive), Some((1230, Action::CloseTimedOut)));
}

#[test]
fn who_makes_progress_does_not_stall() {
    let mut keepalive = open();
    keepalive.waiting(1000, true);
    for now in (1100..9000).step_by(100) {
        keepalive.received(now);
        keepalive.sent(now, 512);
        assert_eq!(keepalive.poll(now), None, "1 KiB every 200 ms");
    }
    keepalive.waiting(9000, false);
    keepalive.sent(9000, 1);
    for now in (9000..12_000).step_by(90) {
        keepalive.received(now);
        assert_eq!(keepalive.poll(now), None, "nothing waits");
    }
}

/// §9.1.
#[test]
fn a_close_times_out_whatever_still_comes() {
    let mut keepalive = fresh();
    keepalive.closing(1010);
    keepalive.opened(1015);
    keepalive.received(1020);
    keepalive.closing(1030);
    assert_eq!(next(&mut keepalive), Some((1040, Action::CloseTimedOut)), "the first call counts");
    assert_eq!((keepalive.deadline(), keepalive.poll(u64::MAX)), (None, None));
}

#[test]
fn times_near_the_end_of_the_scale_do_not_overflow() {
    let mut keepalive = Keepalive::new(u64::MAX - 1);
    keepalive.opened(u64::MAX);
    keepalive.acknowledged();
    keepalive.streams(u64::MAX, true);
    assert_eq!(keepalive.deadline(), Some(u64::MAX));
}
