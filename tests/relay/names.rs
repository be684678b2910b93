//! What topics are called at the broker, and how long to wait before connecting.

use framewright::stomp::FrameBuilder;

use crate::relay::KEPT_FOR;
use crate::world::World;

#[test]
fn no_topic_has_a_wildcard_at_the_broker() {
    let cases = [
        ("/topic/a-b_c.d~9", "/topic/a-b_c.d~9"),
        ("/topic/order/42", "/topic/order%2F42"),
        ("/topic/*", "/topic/%252A"),
        ("/topic/a.#", "/topic/a.%2523"),
        ("/topic/>", "/topic/%253E"),
        ("/topic/100%", "/topic/100%2525"),
        ("/topic/%2A", "/topic/%25252A"),
        ("/topic/\u{e9} ?", "/topic/%25C3%25A9%2520%253F"),
    ];
    let mut world = World::new(1, 1);
    for (topic, at_broker) in cases {
        world.send(0, 0, FrameBuilder::subscribe(topic, topic));
        assert_eq!(world.model.count(&format!("SUBSCRIBE {at_broker}")), 1, "{topic}");
        world.say(0, 0, topic, topic);
    }
    let topics: Vec<_> = cases.iter().map(|(topic, _)| topic.to_string()).collect();
    assert_eq!(world.client(0, 0).received, topics);
}

#[test]
fn attempts_are_ever_rarer_and_never_far_apart() {
    let mut world = World::new(1, 0);
    let mut waits = Vec::new();
    for _ in 0..10 {
        world.cut(0);
        let relay = world.gateways[0].broker.upstream.as_mut().unwrap();
        let until = relay.deadline().unwrap();
        waits.push(until - world.now);
        assert!(!relay.wants_transport(until - 1) && relay.wants_transport(until));
        world.now = until;
        world.settle();
    }
    let longest = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000, 15_000];
    for (wait, longest) in waits.iter().zip(longest) {
        assert!((longest / 2..=longest).contains(wait), "{waits:?}");
    }
    assert!(world.now < KEPT_FOR);
}
