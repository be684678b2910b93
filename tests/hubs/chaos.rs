//! Whatever comes, in whatever order: nothing panics, and nothing is left behind.

use proptest::prelude::*;

use crate::hub::Hub;
use crate::world::{self, Kind, Rooms, World, numbers};

#[derive(Clone, Debug)]
enum Op {
    Request { method: usize, target: usize, session: usize, opens_socket: bool },
    Body(usize, usize),
    EndBody(usize),
    Message(usize, usize),
    Lose(usize),
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let request = (0..8_usize, any::<usize>(), 0..4_usize, any::<bool>()).prop_map(
        |(method, target, session, opens_socket)| Op::Request {
            method,
            target,
            session,
            opens_socket,
        },
    );
    prop_oneof![
        4 => request,
        3 => any::<(usize, usize)>().prop_map(|(exchange, body)| Op::Body(exchange, body)),
        2 => any::<usize>().prop_map(Op::EndBody),
        4 => any::<(usize, usize)>().prop_map(|(exchange, message)| Op::Message(exchange, message)),
        1 => any::<usize>().prop_map(Op::Lose),
        2 => prop_oneof![Just(0_u64), 1..100_u64, 1_000..30_000_u64].prop_map(Op::Wait),
    ]
}

/// Plays `ops`, then loses every connection, and lets time pass.
fn play<H: Hub>(
    mut world: World<H>,
    ops: &[Op],
    target: impl Fn(&World<H>, usize, usize) -> String,
    messages: &[&str],
) {
    let pick = |world: &World<H>, kind, at: usize| {
        let open = world.open.iter().filter(|(_, own)| **own == kind).map(|(number, _)| *number);
        let open: Vec<_> = open.collect();
        (!open.is_empty()).then(|| open[at % open.len()])
    };
    for op in ops {
        match *op {
            Op::Request { method, target: at, session, opens_socket } => {
                let method =
                    ["GET", "POST", "GET", "POST", "GET", "POST", "OPTIONS", "PUT"][method];
                let target = target(&world, at, session);
                world.request(method, &target, opens_socket && method == "GET");
            }
            Op::Body(at, body) => {
                if let Some(exchange) = pick(&world, Kind::Upload, at) {
                    world.body(exchange, messages[body % messages.len()].as_bytes());
                }
            }
            Op::EndBody(at) => {
                if let Some(exchange) = pick(&world, Kind::Upload, at) {
                    world.end_body(exchange);
                }
            }
            Op::Message(at, message) => {
                if let Some(exchange) = pick(&world, Kind::Socket, at) {
                    world.message(exchange, messages[message % messages.len()]);
                }
            }
            Op::Lose(at) => {
                if let Some(exchange) = numbers(&world.open).into_iter().nth(at % 4) {
                    world.lose(exchange);
                }
            }
            Op::Wait(ms) => world.wait(ms),
        }
    }
    for exchange in numbers(&world.open) {
        world.lose(exchange);
    }
    world.wait(200_000);
    assert_eq!(world.hub.deadline(), None, "no session is left");
    assert!(world.hub.take_ready().is_empty());
}

proptest! {
    #[test]
    fn socketio_leaves_nothing_behind(ops in prop::collection::vec(op(), 0..120)) {
        let messages = [
            "2probe", "5", "40", "40/chat,", "3", "1", "4", "42[\"message\",1]", "41", "bAQL/",
            "42/chat,[\"message\",\"hi\"]", "451-[\"message\",{\"_placeholder\":true,\"num\":0}]", "\u{1e}", "x",
        ];
        let target = |world: &World<crate::socketio::Hub>, at: usize, session: usize| {
            let path = ["/socket.io/", "/engine.io/", "/other/"][at % 8 / 3];
            let transport = ["polling", "websocket"][at / 8 % 2];
            let sids = world.out.values().filter_map(|out| {
                let packet = out.pieces.first().cloned().or_else(|| match out.messages.first()? {
                    framewright::ws::OwnedMessage::Text(text) => Some(text.clone()),
                    framewright::ws::OwnedMessage::Binary(_) => None,
                })?;
                let sid = packet.strip_prefix("0{\"sid\":\"")?.split('"').next()?;
                Some(format!("&sid={sid}"))
            });
            let sid = sids.into_iter().nth(session).unwrap_or_default();
            format!("{path}?EIO=4&transport={transport}{sid}")
        };
        play(world::socketio(&Rooms::default()), &ops, target, &messages);
    }

    #[test]
    fn sockjs_leaves_nothing_behind(ops in prop::collection::vec(op(), 0..120)) {
        let messages = ["[\"a\"]", "[]", "[\"a\",", "\"b\"]", "x", "d=%5B%22a%22%5D", "", "[\"\\ud800\"]"];
        let target = |_: &World<_>, at: usize, session: usize| {
            let service = ["/echo", "/close", "/chat", "/cookie_needed_echo"][at % 4];
            let transport = [
                "xhr", "xhr_send", "xhr_streaming", "eventsource", "websocket", "jsonp", "jsonp_send", "htmlfile",
                "none",
            ][at / 4 % 9];
            match at / 64 % 8 {
                0 => format!("{service}/websocket"),
                1 => format!("{service}/info"),
                _ => format!("{service}/000/s{session}/{transport}?c=f"),
            }
        };
        play(world::sockjs(&Rooms::default()), &ops, target, &messages);
    }
}
