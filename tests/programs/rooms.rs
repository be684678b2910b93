//! One message for many: the chat, and the topics.

use framewright::ws::deflate::Config;

use crate::client::Client;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/ws_broadcast.rs"]
mod ws_broadcast;
#[allow(dead_code)]
#[path = "../../examples/ws_topics.rs"]
mod ws_topics;

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

#[test]
fn what_is_published_comes_to_subscribers_alone() {
    let addr = spawn(|listener| {
        listener.set_nonblocking(true).unwrap();
        ws_topics::serve(mio::net::TcpListener::from_std(listener)).unwrap();
    });
    let [mut red, mut both, mut none] = [0; 3].map(|_| Client::open(addr, "/", None));
    red.send(r#"{"subscribe": "red"}"#);
    both.send(r#"{"subscribe": "red"}"#);
    both.send(r#"{"subscribe": "blue"}"#);
    // An answer to what came later shows that the rest was done.
    for client in [&mut red, &mut both, &mut none] {
        client.send("{}");
        assert_eq!(client.text(), r#"{"error":"not subscribe, unsubscribe or publish"}"#);
    }
    none.send(r#"{"publish": "red", "data": [1, "é"]}"#);
    red.send(r#"{"publish": "blue", "data": null}"#);
    red.send(r#"{"publish": "red"}"#);
    assert_eq!(red.text(), r#"{"data":[1,"é"],"topic":"red"}"#);
    assert_eq!(red.text(), r#"{"data":null,"topic":"red"}"#);
    assert_eq!(both.text(), r#"{"data":[1,"é"],"topic":"red"}"#);
    assert_eq!(both.text(), r#"{"data":null,"topic":"blue"}"#);
    assert_eq!(both.text(), r#"{"data":null,"topic":"red"}"#);

    both.send(r#"{"unsubscribe": "red"}"#);
    both.send(&*format!(r#"{{"subscribe": "{}"}}"#, "x".repeat(257)));
    assert_eq!(both.text(), r#"{"error":"a topic that is too long"}"#);
    both.send("no JSON");
    assert_eq!(both.text(), r#"{"error":"not JSON"}"#);
    red.close();
    none.send(r#"{"publish": "red", "data": 2}"#);
    none.send(r#"{"publish": "blue", "data": 3}"#);
    assert_eq!(both.text(), r#"{"data":3,"topic":"blue"}"#);
    both.close();
    none.close();
}
