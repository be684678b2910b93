//! What clients of gateways share, while nothing breaks.

use framewright::stomp::FrameBuilder;

use crate::world::World;

#[test]
fn a_message_reaches_each_subscriber_of_each_gateway_once() {
    let mut world = World::new(3, 2);
    world.subscribe_all("/topic/a");
    world.say(1, 0, "/topic/a", "hello");
    assert_eq!(world.received(), [[["hello"]; 2], [["hello"]; 2], [["hello"]; 2]]);
}

#[test]
fn a_topic_is_subscribed_once_at_the_broker_and_ends_with_its_last_subscriber() {
    let mut world = World::new(1, 2);
    world.subscribe_all("/topic/a");
    assert_eq!((world.model.count("SUBSCRIBE /topic/a"), world.model.subscriptions()), (1, 1));
    world.send(0, 0, FrameBuilder::unsubscribe("/topic/a"));
    assert_eq!(world.model.subscriptions(), 1);
    world.gateways[0].leave(1);
    world.settle();
    assert_eq!(world.model.subscriptions(), 0);
    world.subscribe_all("/topic/b");
    world.gateways[0].leave(0);
    world.settle();
    assert_eq!(world.model.subscriptions(), 0);
}

#[test]
fn active_mq_has_no_subscription_left_either() {
    let mut world = World::new(1, 1);
    world.model.is_active_mq = true;
    world.cut(0);
    world.wait();
    world.subscribe_all("/topic/a");
    world.say(0, 0, "/topic/a", "hello");
    assert_eq!(world.received(), [[["hello"]]]);
    world.gateways[0].leave(0);
    world.settle();
    assert_eq!(world.model.subscriptions(), 0);
}

#[test]
fn a_receipt_comes_after_that_of_the_broker() {
    let mut world = World::new(1, 1);
    world.model.delays_receipts = true;
    world.send(0, 0, FrameBuilder::subscribe("1", "/topic/a").receipt("subscribed"));
    world.say(0, 0, "/topic/a", "hello");
    world.send(0, 0, FrameBuilder::disconnect().receipt("bye"));
    let client = world.client(0, 0);
    assert_eq!((&client.received[..], client.receipts.len()), (&["hello".to_owned()][..], 0));
    world.model.delays_receipts = false;
    world.settle();
    assert_eq!(world.client(0, 0).receipts, ["subscribed", "hello", "bye"]);
}

#[test]
fn a_subscription_to_a_live_topic_is_confirmed_at_once() {
    let mut world = World::new(1, 2);
    world.send(0, 0, FrameBuilder::subscribe("1", "/topic/a"));
    world.model.delays_receipts = true;
    world.send(0, 1, FrameBuilder::subscribe("1", "/topic/a").receipt("r"));
    assert_eq!(world.client(0, 1).receipts, ["r"]);
}

#[test]
fn a_subscription_that_ends_before_the_broker_has_it_is_confirmed() {
    let mut world = World::new(1, 1);
    world.model.delays_receipts = true;
    let mut expected = Vec::new();
    // More of them than receipts that a client may wait for.
    for round in 0..1_001 {
        let (begun, ended) = (format!("begun {round}"), format!("ended {round}"));
        world.send(0, 0, FrameBuilder::subscribe("1", "/topic/a").receipt(&begun));
        world.send(0, 0, FrameBuilder::unsubscribe("1").receipt(&ended));
        expected.extend([begun, ended]);
    }
    world.model.delays_receipts = false;
    world.settle();
    let mut receipts = world.client(0, 0).receipts.clone();
    receipts.sort_unstable();
    expected.sort_unstable();
    assert_eq!(receipts, expected);
    assert_eq!(world.model.subscriptions(), 0);
}

#[test]
fn destinations_that_are_no_topics_stay_here() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/queue/a");
    world.say(0, 0, "/queue/a", "hello");
    assert_eq!(world.received(), [vec![vec!["hello"]], vec![vec![]]]);
    assert_eq!(world.client(0, 0).receipts, ["hello"]);
    assert_eq!(world.model.subscriptions(), 0);
}

#[test]
fn a_transaction_is_sent_at_its_commit() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    world.send(0, 0, FrameBuilder::begin("t"));
    for body in [b"1", b"2"] {
        world.send(0, 0, FrameBuilder::send("/topic/a").transaction("t").body(body));
    }
    assert_eq!(world.received(), [[[""; 0]], [[]]]);
    world.send(0, 0, FrameBuilder::commit("t").receipt("committed"));
    assert_eq!(world.received(), [[["1", "2"]], [["1", "2"]]]);
    assert_eq!(world.client(0, 0).receipts, ["committed"]);
}

#[test]
fn headers_of_a_client_arrive_and_those_of_the_broker_do_not() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    let topic = FrameBuilder::send("/topic/a").content_type("text/plain");
    let mut out = Vec::new();
    framewright::stomp::Encoder::new(framewright::stomp::Version::V1_2)
        .encode(topic.headers([("priority", "high"), ("persistent", "no"), ("x", "1")]), &mut out)
        .unwrap();
    world.gateways[0].receive(0, &out);
    world.settle();
    let mut headers = world.client(1, 0).headers.clone();
    headers.retain(|(name, _)| {
        !["subscription", "message-id", "content-length", "destination"].contains(&&name[..])
    });
    let expected =
        [("content-type", "text/plain"), ("priority", "high"), ("persistent", "no"), ("x", "1")];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_message_of_another_program_keeps_its_headers() {
    let mut world = World::new(1, 1);
    world.subscribe_all("/topic/order/1");
    world.model.publish("/topic/order%2F1", &[("status", "paid"), ("persistent", "true")], "x");
    world.settle();
    assert_eq!(world.received(), [[["x"]]]);
    let headers = &world.client(0, 0).headers;
    assert!(headers.contains(&("status".to_owned(), "paid".to_owned())));
    assert!(headers.contains(&("destination".to_owned(), "/topic/order/1".to_owned())));
    assert!(headers.iter().all(|(name, _)| name != "persistent"));
}

#[test]
fn what_the_broker_cannot_have_is_refused() {
    let long = "n".repeat(256);
    let topic = format!("/topic/{long}");
    let mut world = World::new(1, 4);
    world.send(0, 0, FrameBuilder::subscribe("1", &topic).receipt("r"));
    world.send(0, 1, FrameBuilder::send(&topic).receipt("r"));
    world.send(0, 2, FrameBuilder::send("/topic/").receipt("r"));
    assert_eq!(world.client(0, 0).errors, ["the topic's name is too long for the broker: r"]);
    assert_eq!(world.client(0, 1).errors, ["the topic's name is too long for the broker: r"]);
    assert_eq!(world.client(0, 2).errors, ["a topic has a name: r"]);
    // Nobody else is hit.
    world.say(0, 3, "/topic/a", "hello");
    assert_eq!(world.client(0, 3).receipts, ["hello"]);
}
