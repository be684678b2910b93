//! The chat room of both protocols.

use crate::world::{self, Rooms};

#[test]
fn what_is_said_in_one_protocol_is_heard_in_the_other() {
    let rooms = Rooms::default();
    let (mut socketio, mut sockjs) = (world::socketio(&rooms), world::sockjs(&rooms));
    let member = socketio.socket("/socket.io/?EIO=4&transport=websocket");
    for packet in ["40", "40/chat,"] {
        socketio.message(member, packet);
    }
    let other = sockjs.socket("/chat/000/s/websocket");
    socketio.messages(member);
    sockjs.messages(other);
    socketio.message(member, r#"42/chat,["message","\u00e9\"\u2028"]"#);
    sockjs.wait(0);
    assert_eq!(sockjs.messages(other), ["a[\"é\\\"\\u2028\"]"]);
    assert_eq!(socketio.messages(member), ["42/chat,[\"message\",\"é\\\"\u{2028}\"]"]);
    sockjs.message(other, r#"["there"]"#);
    socketio.wait(0);
    assert_eq!(sockjs.messages(other), [r#"a["there"]"#]);
    assert_eq!(socketio.messages(member), [r#"42/chat,["message","there"]"#]);
}

#[test]
fn only_members_hear_and_only_texts_are_said() {
    let mut world = world::socketio(&Rooms::default());
    let sockets = [(); 2].map(|()| world.socket("/socket.io/?EIO=4&transport=websocket"));
    world.message(sockets[0], "40/chat,");
    world.message(sockets[1], "40");
    for socket in sockets {
        world.messages(socket);
    }
    for event in
        [r#"["message",7]"#, r#"["message","a","b"]"#, r#"["other","a"]"#, r#"["message"]"#]
    {
        world.message(sockets[0], &*format!("42/chat,{event}"));
    }
    assert_eq!(sockets.map(|socket| world.messages(socket).len()), [0, 0]);
    world.message(sockets[0], r#"42/chat,["message","a"]"#);
    assert_eq!(sockets.map(|socket| world.messages(socket).len()), [1, 0]);
    world.message(sockets[0], "41/chat,");
    world.message(sockets[1], r#"42/chat,["message","a"]"#);
    assert_eq!(world.out[&sockets[1]].end.as_ref().map(|end| end.0), Some(1000), "not a member");
}
