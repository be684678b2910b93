//! One message for many: the chat, and the topics.

use framewright::ws::deflate::Config;

use crate::client::Client;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/ws_broadcast.rs"]
mod ws_broadcast;

#[test]
fn a_chat_message_comes_to_all_compressed_or_not() {
    let addr = spawn(|listener| ws_broadcast::serve(&listener).unwrap());
    let mut members =
        [None, Some(Config::new()), None].map(|deflate| Client::open(addr, "/", deflate));
    // A member hears itself once it is in the room.
    for (n, member) in members.iter_mut().enumerate() {
        let text = format!("here is {n}");
        member.send(&*text);
        while member.text() != text {}
    }
    let words = "the same words ".repeat(100);
    for speaker in 0..3 {
        members[speaker].send(&*words);
        for member in &mut members {
            while member.text() != words {}
        }
    }
    let [one, two, three] = members;
    one.close();
    let mut members = [two, three];
    members[0].send("one of us has left");
    for member in &mut members {
        while member.text() != "one of us has left" {}
    }
    members.into_iter().for_each(Client::close);
}
