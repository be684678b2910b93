//! SockJS, over what it comes by.

use framewright::ws::Message;

use crate::hub::Hub;
use crate::world::{self, Rooms};

#[test]
fn a_session_goes_on_from_poll_to_poll() {
    let mut world = world::sockjs(&Rooms::default());
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(poll), "o\n");
    assert_eq!(world.post("/echo/000/s/xhr_send", r#"["a","Grüße"]"#), (204, String::new()));
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(poll), "a[\"a\",\"Grüße\"]\n");
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    world.wait(25_000);
    assert_eq!(world.text(poll), "h\n");
    world.wait(5_000);
    assert_eq!(world.hub.deadline(), None);
    assert_eq!(world.post("/echo/000/s/xhr_send", r#"["a"]"#).0, 404);
}

#[test]
fn a_second_receiver_is_told_so_and_the_first_goes_on() {
    let mut world = world::sockjs(&Rooms::default());
    let first = world.request("POST", "/echo/000/s/xhr_streaming", false);
    let second = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(second), "c[2010,\"Another connection still open\"]\n");
    world.lose(second);
    world.post("/echo/000/s/xhr_send", r#"["on"]"#);
    assert_eq!(world.out[&first].pieces[1..], ["o\n", "a[\"on\"]\n"]);
}

#[test]
fn a_receiver_that_is_lost_ends_its_session() {
    let mut world = world::sockjs(&Rooms::default());
    let stream = world.get("/echo/000/s/eventsource");
    assert_eq!(world.text(stream), "\r\ndata: o\r\n\r\n");
    world.lose(stream);
    assert_eq!(world.hub.deadline(), None);
    let next = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(next), "o\n");
}

#[test]
fn a_session_that_was_closed_says_so_for_a_while() {
    let mut world = world::sockjs(&Rooms::default());
    let poll = |world: &mut world::World<_>| {
        let poll = world.request("POST", "/close/000/s/xhr", false);
        world.text(poll)
    };
    assert_eq!(poll(&mut world), "o\n");
    assert_eq!(poll(&mut world), "c[3000,\"Go away!\"]\n");
    assert_eq!(poll(&mut world), "c[3000,\"Go away!\"]\n");
    world.wait(5_000);
    assert_eq!(poll(&mut world), "o\n");
}

#[test]
fn websockets_have_frames_or_not() {
    let mut world = world::sockjs(&Rooms::default());
    let framed = world.socket("/echo/000/s/websocket");
    world.message(framed, r#"["a","b"]"#);
    assert_eq!(world.messages(framed), ["o", r#"a["a","b"]"#]);
    world.message(framed, "[broken");
    assert_eq!(world.out[&framed].end, Some((3000, "Broken framing.".into())));
    let raw = world.socket("/echo/websocket");
    world.message(raw, r#"["a"]"#);
    world.message(raw, Message::Binary(&[0xFF]));
    assert_eq!(world.messages(raw), [r#"["a"]"#, "ff"]);
    let closed = world.socket("/close/websocket");
    assert_eq!(world.out[&closed].end, Some((3000, "Go away!".into())));
    world.lose(raw);
    assert_eq!(world.hub.deadline(), None);
}

/// A peer that sends and does not read: its session is closed, and what it had got first comes first.
#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let mut world = world::sockjs(&Rooms::default());
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(poll), "o\n");
    let long = format!(r#"["{}"]"#, "x".repeat(600_000));
    assert_eq!(world.post("/echo/000/s/xhr_send", &long).0, 204);
    assert_eq!(world.post("/echo/000/s/xhr_send", &long).0, 204);
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(poll).len(), 600_000 + 6);
    let poll = world.request("POST", "/echo/000/s/xhr", false);
    assert_eq!(world.text(poll), "c[3001,\"too slow\"]\n");
}

/// What waits for clients that do not poll, and what has come in part, is bounded over all sessions.
#[test]
fn the_session_that_holds_most_is_ended_when_all_hold_too_much() {
    let mut world = world::small_sockjs(100_000);
    for session in ["a", "b", "c"] {
        world.request("POST", &format!("/echo/000/{session}/xhr"), false);
    }
    let body = |len| format!(r#"["{}"]"#, "x".repeat(len));
    assert_eq!(world.post("/echo/000/a/xhr_send", &body(60_000)).0, 204);
    assert_eq!(world.post("/echo/000/b/xhr_send", &body(30_000)).0, 204);
    let part = world.request("POST", "/echo/000/c/xhr_send", false);
    world.body(part, &body(9_000).as_bytes()[..9_000]);
    let poll = world.request("POST", "/echo/000/a/xhr", false);
    assert_eq!(world.text(poll).len(), 60_000 + 6, "together they hold less than they may");
    assert_eq!(world.post("/echo/000/a/xhr_send", &body(60_000)).0, 204);
    world.body(part, &body(9_000).as_bytes()[..9_000]);
    assert_eq!(world.post("/echo/000/a/xhr_send", &body(1)).0, 404, "it is gone");
    let poll = world.request("POST", "/echo/000/b/xhr", false);
    assert_eq!(world.text(poll).len(), 30_000 + 6, "the others go on");
    world.lose(part);
    // A WebSocket that is not read is no exception, and is closed.
    let raw = world.socket("/echo/websocket");
    world.message(raw, &*"x".repeat(100_001));
    assert_eq!(world.out[&raw].end.as_ref().map(|(code, _)| *code), Some(1000));
}

#[test]
fn a_member_of_the_room_learns_that_its_message_was_refused() {
    let mut world = world::sockjs(&Rooms::default());
    let member = world.socket("/chat/000/s/websocket");
    world.message(member, &*format!(r#"["said","{}"]"#, world::REFUSED));
    assert_eq!(world.messages(member), ["o", r#"c[1013,"no room"]"#]);
}
