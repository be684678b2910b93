//! What happens when the connection to the broker breaks.

use framewright::stomp::FrameBuilder;

use crate::relay::KEPT_FOR;
use crate::world::{HELD_BYTES, World};

#[test]
fn messages_wait_while_the_broker_is_away() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    world.stop();
    for (gateway, text) in [(0, "1"), (1, "2"), (0, "3")] {
        world.say(gateway, 0, "/topic/a", text);
    }
    assert_eq!(world.received(), [[[""; 0]], [[]]]);
    assert_eq!(world.client(0, 0).receipts, [""; 0]);
    world.start();
    world.wait();
    for mut texts in world.received().into_iter().flatten() {
        texts.sort();
        assert_eq!(texts, ["1", "2", "3"]);
    }
    assert_eq!(world.client(0, 0).receipts, ["1", "3"]);
    assert_eq!(world.client(1, 0).receipts, ["2"]);
}

#[test]
fn the_broker_holds_messages_of_a_gateway_that_is_away() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    world.cut(1);
    world.say(0, 0, "/topic/a", "hello");
    assert_eq!(world.received(), [vec![vec!["hello"]], vec![vec![]]]);
    world.wait();
    assert_eq!(world.received(), [vec![vec![]], vec![vec!["hello"]]]);
}

#[test]
fn heart_beats_keep_a_connection_and_their_absence_ends_it() {
    let mut world = World::new(1, 1);
    world.subscribe_all("/topic/a");
    let connects =
        |world: &World| world.model.seen.iter().filter(|seen| seen.starts_with("CONNECT")).count();
    for _ in 0..20 {
        world.now += 5_000;
        world.settle();
    }
    assert_eq!(connects(&world), 1);
    world.model.is_silent = true;
    world.say(0, 0, "/topic/a", "hello");
    for _ in 0..4 {
        world.now += 5_000;
        world.settle();
    }
    world.model.is_silent = false;
    world.wait();
    assert_eq!(connects(&world), 2);
    assert_eq!(world.received(), [[["hello"]]]);
    assert_eq!(world.client(0, 0).receipts, ["hello"]);
}

#[test]
fn a_message_without_room_is_refused_and_the_others_arrive() {
    let mut world = World::new(1, 3);
    world.send(0, 2, FrameBuilder::subscribe("1", "/topic/a"));
    world.stop();
    let text = "x".repeat(HELD_BYTES / 2);
    world.say(0, 0, "/topic/a", &text);
    let second = FrameBuilder::send("/topic/a").receipt("second").body(text.as_bytes());
    world.send(0, 1, second);
    let error = "the broker is away, and too much waits for it: second";
    assert_eq!(world.client(0, 1).errors, [error]);
    world.start();
    world.wait();
    assert_eq!(world.client(0, 2).received, [&text[..]]);
    assert!(world.client(0, 0).errors.is_empty());
}

#[test]
fn a_transaction_without_room_is_refused_as_a_whole() {
    let mut world = World::new(1, 2);
    world.send(0, 1, FrameBuilder::subscribe("1", "/topic/a"));
    world.stop();
    world.send(0, 0, FrameBuilder::begin("t"));
    let text = "x".repeat(HELD_BYTES / 2);
    for _ in 0..2 {
        let frame = FrameBuilder::send("/topic/a").transaction("t").body(text.as_bytes());
        world.send(0, 0, frame);
    }
    world.send(0, 0, FrameBuilder::commit("t").receipt("committed"));
    assert_eq!(
        world.client(0, 0).errors,
        ["the broker is away, and too much waits for it: committed"]
    );
    world.start();
    world.wait();
    assert!(world.client(0, 1).received.is_empty());
    assert!(world.client(0, 1).errors.is_empty(), "nothing is missing");
}

#[test]
fn a_message_whose_receipt_was_lost_is_not_doubled() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    world.model.delays_receipts = true;
    world.say(0, 0, "/topic/a", "hello");
    world.cut(0);
    world.model.delays_receipts = false;
    world.wait();
    assert_eq!(world.model.count("SEND hello"), 2);
    assert_eq!(world.received(), [[["hello"]], [["hello"]]]);
    assert_eq!(world.client(0, 0).receipts, ["hello"]);
}

#[test]
fn a_subscriber_that_comes_back_gets_no_copy_and_is_told_of_no_gap() {
    let mut world = World::new(2, 1);
    world.subscribe_all("/topic/a");
    world.model.delays_receipts = true;
    world.say(0, 0, "/topic/a", "1");
    world.cut(0);
    world.send(1, 0, FrameBuilder::unsubscribe("/topic/a"));
    world.send(1, 0, FrameBuilder::subscribe("/topic/a", "/topic/a"));
    world.model.delays_receipts = false;
    world.wait();
    assert_eq!(world.model.count("SEND 1"), 2);
    world.send(1, 0, FrameBuilder::unsubscribe("/topic/a"));
    world.say(0, 0, "/topic/a", "2");
    world.send(1, 0, FrameBuilder::subscribe("/topic/a", "/topic/a"));
    world.say(0, 0, "/topic/a", "3");
    assert_eq!(world.client(1, 0).received, ["1", "3"]);
    assert!(world.client(1, 0).errors.is_empty());
}

#[test]
fn subscribers_hear_that_messages_are_missing() {
    let mut world = World::new(2, 2);
    world.send(0, 0, FrameBuilder::subscribe("1", "/topic/a"));
    world.send(0, 1, FrameBuilder::subscribe("1", "/topic/b"));
    world.say(1, 0, "/topic/a", "1");
    world.cut(0);
    world.say(1, 0, "/topic/a", "2");
    world.model.lose_messages();
    world.wait();
    assert!(world.client(0, 0).errors.is_empty(), "nobody can know yet");
    world.say(1, 0, "/topic/a", "3");
    assert_eq!(world.client(0, 0).errors, ["messages were lost: "]);
    assert!(world.client(0, 1).errors.is_empty());
}

#[test]
fn after_a_long_absence_all_subscribers_hear_that_messages_may_be_missing() {
    let mut world = World::new(1, 1);
    world.subscribe_all("/topic/a");
    world.stop();
    world.now += KEPT_FOR;
    world.start();
    world.wait();
    assert_eq!(world.client(0, 0).errors, ["messages were lost: "]);
}

#[test]
fn a_message_that_breaks_the_connection_is_given_up() {
    let mut world = World::new(1, 3);
    world.send(0, 2, FrameBuilder::subscribe("1", "/topic/a"));
    world.model.poison = Some("poison");
    world.stop();
    for (client, text) in [(0, "before"), (1, "poison"), (0, "after")] {
        world.say(0, client, "/topic/a", text);
    }
    world.start();
    world.wait();
    assert_eq!(world.client(0, 1).errors, ["the broker refused a message: poison"]);
    assert_eq!(world.client(0, 0).receipts, ["before", "after"]);
    // Its subscribers hear that one is missing.
    assert_eq!(world.client(0, 2).received, ["before"]);
    assert_eq!(world.client(0, 2).errors, ["messages were lost: "]);
}

#[test]
fn a_subscription_that_breaks_the_connection_is_given_up() {
    let mut world = World::new(1, 3);
    world.model.poison = Some("/topic/poison");
    for (client, topic) in ["/topic/a", "/topic/poison", "/topic/b"].into_iter().enumerate() {
        world.send(0, client, FrameBuilder::subscribe("1", topic).receipt("r"));
    }
    world.wait();
    assert_eq!(world.client(0, 1).errors, ["the broker refused a subscription: "]);
    assert_eq!(world.client(0, 0).receipts, ["r"]);
    assert_eq!(world.client(0, 2).receipts, ["r"]);
    // Its client goes, another one comes, and all is as before.
    world.gateways[0].leave(1);
    world.model.poison = None;
    world.send(0, 0, FrameBuilder::subscribe("2", "/topic/poison").receipt("again"));
    assert_eq!(world.client(0, 0).receipts, ["r", "again"]);
}

#[test]
fn clients_come_and_go_while_the_broker_is_away() {
    let mut world = World::new(2, 2);
    world.stop();
    world.subscribe_all("/topic/a");
    world.send(0, 0, FrameBuilder::unsubscribe("/topic/a"));
    world.gateways[1].leave(0);
    world.gateways[1].leave(1);
    world.start();
    world.wait();
    assert_eq!(world.model.subscriptions(), 1);
    world.say(1, 0, "/queue/none", "here only");
    world.say(0, 0, "/topic/a", "hello");
    assert_eq!(world.client(0, 0).received, [""; 0]);
    assert_eq!(world.client(0, 1).received, ["hello"]);
}
