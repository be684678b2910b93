//! Any order of requests, messages, time and loss in a `SockJS` session, against a model.

use framewright::sockjs::Limits;

use super::common::sockjs::{Modelled, Op};
use super::input::Input;
use super::sockjs_messages::framing;

/// ```text
/// | backlog: 1 | limit of responses: 1 | heartbeat: 1 | delay: 1 | what happens ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let [backlog, response, heartbeat, delay] = input.bytes().map(u64::from);
    let limits = Limits::new()
        .max_backlog(backlog)
        .response_limit(response)
        .heartbeat_interval(heartbeat)
        .disconnect_delay(delay);
    let mut session = Modelled::new(limits);
    while !input.is_empty() {
        let op = next(&mut input);
        session.apply(&op);
    }
}

fn next(input: &mut Input<'_>) -> Op {
    let byte = input.byte();
    let more = byte >> 3;
    match byte & 7 {
        0 => Op::Attach(framing(more)),
        1 => Op::Lost { stale: more & 1 != 0 },
        2 => Op::Send(input.text().to_owned()),
        3 => Op::Close(u16::from_be_bytes(input.bytes()), input.text().to_owned()),
        4 => Op::Transmit { room: input.byte().into(), all: more & 1 != 0 },
        5 => Op::Transmit { room: 1 << 12, all: more & 1 != 0 },
        6 => Op::Poll,
        _ => Op::Wait(more.into()),
    }
}
