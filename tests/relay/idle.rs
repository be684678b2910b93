//! Clients of the broker that say nothing, and hear nothing.

use crate::alone::Alone;
use crate::broker::Broker;

/// How long one may be idle, in ms.
const IDLE: u64 = 30 * 60 * 1000;

fn connect(broker: &mut Broker<Alone>, heart_beat: &str) -> u64 {
    let id = broker.open(0);
    let frame = format!("CONNECT\naccept-version:1.2\nhost:a\n{heart_beat}\n\0");
    broker.receive(id, frame.as_bytes(), 0);
    let (out, over) = broker.output(id, 0);
    assert!(out.starts_with(b"CONNECTED\n") && !over);
    id
}

#[test]
fn a_client_without_heart_beats_ends_when_it_is_idle() {
    let mut broker = Broker::<Alone>::default();
    let id = connect(&mut broker, "");
    let other = connect(&mut broker, "");
    assert_eq!(broker.deadline(id), Some(IDLE));
    broker.receive(id, b"SUBSCRIBE\nid:0\ndestination:/topic/a\n\n\0", 1000);
    assert_eq!(
        (broker.output(id, 1000), broker.deadline(id)),
        ((vec![], false), Some(IDLE + 1000))
    );
    // To receive is to be busy, too.
    broker.receive(other, b"SEND\ndestination:/topic/a\n\nx\0", 2000);
    assert!(broker.output(id, 2000).0.starts_with(b"MESSAGE\n"));
    let due = IDLE + 2000;
    assert_eq!((broker.output(id, due - 1), broker.deadline(id)), ((vec![], false), Some(due)));
    let (out, over) = broker.output(id, due);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("ERROR\n") && text.contains("idle for too long") && over, "{text}");
}

#[test]
fn heart_beats_keep_a_silent_client() {
    let mut broker = Broker::<Alone>::default();
    let id = connect(&mut broker, "heart-beat:5000,0\n");
    for now in (0..2 * IDLE).step_by(5000) {
        broker.receive(id, b"\n", now);
        assert_eq!(broker.output(id, now), (vec![], false));
    }
}

/// One that never says who it is may be told or not, but it is not looked at again and again.
#[test]
fn what_is_due_is_done_once() {
    let mut broker = Broker::<Alone>::default();
    let id = broker.open(0);
    for _ in 0..10 {
        let Some(due) = broker.deadline(id) else { return };
        if broker.output(id, due).1 {
            return;
        }
        assert!(broker.deadline(id).is_none_or(|next| next > due));
    }
}
