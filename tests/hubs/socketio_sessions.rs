//! Engine.IO and Socket.IO, over what they come by.

use framewright::ws::Message;

use crate::hub::Hub;
use crate::socketio;
use crate::world::{self, Rooms, World};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// Opens a session, and returns the `sid` in a query.
fn open(world: &mut World<socketio::Hub>, path: &str) -> String {
    let opened = world.get(path);
    let packet = world.text(opened);
    let sid = packet.split('"').nth(3).expect("the open packet has a sid");
    assert!(packet.starts_with("0{\"sid\":\"") && sid.len() == 32, "{packet}");
    format!("&sid={sid}")
}

#[test]
fn a_held_get_is_answered_by_what_a_post_causes() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, POLLING);
    let polling = format!("{POLLING}{sid}");
    let get = world.get(&polling);
    assert_eq!(world.text(get), "");
    assert_eq!(world.post(&polling, "40{\"token\":1}"), (200, "ok".into()));
    let text = world.text(get);
    assert!(text.starts_with("40{\"sid\":\""), "{text}");
    assert!(text.ends_with("\x1E42[\"auth\",{\"token\":1}]"), "{text}");
    assert!(!text.contains(&sid[5..]), "the sid of Engine.IO is a secret");
}

/// A packet may straddle the transports: its text comes by POST, its attachment by WebSocket.
#[test]
fn an_attachment_may_come_over_another_transport_than_its_event() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, POLLING);
    let polling = format!("{POLLING}{sid}");
    world.post(&polling, "40");
    world.get(&polling);
    let held = world.get(&polling);
    let socket = world.socket(&format!("/socket.io/?EIO=4&transport=websocket{sid}"));
    world.message(socket, "2probe");
    assert_eq!(world.messages(socket), ["3probe"]);
    assert_eq!(world.text(held), "6");
    let event = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    assert_eq!(world.post(&polling, event), (200, "ok".into()));
    world.message(socket, "5");
    world.message(socket, Message::Binary(&[1, 0xFF]));
    let back = r#"451-["message-back",{"_placeholder":true,"num":0}]"#;
    assert_eq!(world.messages(socket), [back, "01ff"]);
    assert_eq!(world.post(&polling, "2").0, 400);
}

#[test]
fn a_candidate_that_breaks_the_rules_is_closed_and_polling_goes_on() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, POLLING);
    let target = format!("/socket.io/?EIO=4&transport=websocket{sid}");
    let candidate = world.socket(&target);
    let second = world.socket(&target);
    assert_eq!(world.out[&second].end, Some((1008, String::new())));
    world.message(candidate, "4hello");
    assert_eq!(world.out[&candidate].end, Some((1002, String::new())));
    let late = world.socket(&target);
    world.message(late, "2probe");
    world.wait(10_000);
    assert_eq!(world.out[&late].end, Some((1000, String::new())));
    assert_eq!(world.post(&format!("{POLLING}{sid}"), "40"), (200, "ok".into()));
}

#[test]
fn whoever_says_nothing_is_forgotten() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, "/engine.io/?EIO=4&transport=polling");
    let polling = format!("/engine.io/?EIO=4&transport=polling{sid}");
    let get = world.get(&polling);
    world.wait(25_000);
    assert_eq!(world.text(get), "2");
    let get = world.get(&polling);
    world.post(&polling, "3");
    world.wait(25_000);
    assert_eq!(world.text(get), "2");
    let get = world.get(&polling);
    world.wait(20_000);
    assert_eq!(world.text(get), "1");
    assert_eq!(world.hub.deadline(), None);
    assert_eq!(world.post(&polling, "3").0, 400);
}

#[test]
fn a_get_that_is_lost_ends_its_session_and_a_post_too() {
    for method in ["GET", "POST"] {
        let mut world = world::socketio(&Rooms::default());
        let sid = open(&mut world, POLLING);
        let polling = format!("{POLLING}{sid}");
        let exchange = world.request(method, &polling, false);
        world.body(exchange, b"4");
        world.lose(exchange);
        assert_eq!(world.hub.deadline(), None);
        assert_eq!(world.post(&polling, "40").0, 400, "{method}");
    }
}

/// Two POSTs at once end the session, and the answer to the first says so, too.
#[test]
fn both_posts_are_refused_if_they_overlap() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, POLLING);
    let polling = format!("{POLLING}{sid}");
    let first = world.request("POST", &polling, false);
    world.body(first, b"40");
    assert_eq!(world.post(&polling, "40").0, 400);
    world.end_body(first);
    assert_eq!(world.out[&first].status, 400);
    assert_eq!(world.hub.deadline(), None);
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let mut world = world::socketio(&Rooms::default());
    let sid = open(&mut world, "/engine.io/?EIO=4&transport=polling");
    let polling = format!("/engine.io/?EIO=4&transport=polling{sid}");
    let long = format!("4{}", "x".repeat(600_000));
    assert_eq!(world.post(&polling, &long).0, 200);
    assert_eq!(world.post(&polling, &long).0, 200);
    let get = world.get(&polling);
    assert!(world.text(get).ends_with("x\x1E1"), "the first message, and a close");
    assert_eq!(world.get(&polling), get + 1);
    assert_eq!(world.out[&(get + 1)].status, 400);
}

/// What waits for clients that do not poll, and what has come in part, is bounded over all sessions.
#[test]
fn the_session_that_holds_most_is_ended_when_all_hold_too_much() {
    let mut world = world::small_socketio(100_000);
    let path = "/engine.io/?EIO=4&transport=polling";
    let [a, b, c] = [(); 3].map(|()| format!("{path}{}", open(&mut world, path)));
    let message = |len| format!("4{}", "x".repeat(len));
    world.post(&a, &message(60_000));
    world.post(&b, &message(30_000));
    let part = world.request("POST", &c, false);
    world.body(part, message(9_000).as_bytes());
    let get = world.get(&a);
    assert_eq!(world.text(get), message(60_000), "together they hold less than they may");
    world.body(part, &[b'x'; 65_000]);
    world.post(&b, &message(30_000));
    world.end_body(part);
    assert_eq!(world.out[&part].status, 400);
    assert_eq!(world.post(&c, "2").0, 400, "it is gone");
    let get = world.get(&b);
    assert_eq!(world.text(get), format!("{0}\x1E{0}", message(30_000)), "the others go on");
    // A WebSocket ends with its session.
    let socket = world.socket("/engine.io/?EIO=4&transport=websocket");
    world.message(socket, &*message(100_001));
    assert_eq!(world.out[&socket].end, Some((1008, String::new())));
}

#[test]
fn a_member_of_the_room_learns_that_its_message_was_refused() {
    let mut world = world::socketio(&Rooms::default());
    let socket = world.socket("/socket.io/?EIO=4&transport=websocket");
    world.message(socket, "40/chat,");
    world.messages(socket);
    world.message(socket, &*format!(r#"42/chat,["message","{}"]"#, world::REFUSED));
    assert_eq!(world.messages(socket), [r#"42/chat,["refused","no room"]"#]);
}
