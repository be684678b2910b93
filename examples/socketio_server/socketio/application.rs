//! What the server does with a client's messages: Socket.IO, or an echo.

use framewright::socketio::{
    Connection, Event, INVALID_NAMESPACE, Json, Kind, Limits, Packet, SendError,
};
use framewright::{Chunk, ws::Message, ws::OwnedMessage};

use super::client::random_id;

/// The namespace of the chat room.
const CHAT: &str = "/chat";

/// One client's side of the application.
#[expect(clippy::large_enum_variant, reason = "most clients are the large one")]
pub enum Application {
    /// Engine.IO alone: everything is sent back.
    Echo,
    SocketIo {
        connection: Connection<Vec<u8>>,
        unfinished: Option<Unfinished>,
    },
}

/// A packet whose attachments have not all come.
pub struct Unfinished {
    text: String,
    attachments: Vec<Vec<u8>>,
}

/// The connection has to be closed.
pub struct Failed;

impl From<SendError> for Failed {
    fn from(_: SendError) -> Self {
        Self
    }
}

/// What a client has said in the room.
pub struct Said(pub String);

impl Application {
    pub fn socketio(limits: Limits, now: u64) -> Self {
        Self::SocketIo { connection: Connection::server(limits, Vec::new(), now), unfinished: None }
    }

    /// Receives a message. What it makes the server say is added to `answers`.
    pub fn receive(
        &mut self,
        message: Message<'_>,
        now: u64,
        answers: &mut Vec<OwnedMessage>,
    ) -> Result<Option<Said>, Failed> {
        let Self::SocketIo { connection, unfinished } = self else {
            answers.push(message.into());
            return Ok(None);
        };
        let event = match message {
            Message::Text(text) => connection.receive_text(text, now),
            Message::Binary(bytes) => connection.receive_binary(Chunk::whole(bytes)),
        };
        match event {
            None => Ok(None),
            Some(Event::Packet(packet)) if packet.attachments > 0 => {
                let Message::Text(text) = message else { return Err(Failed) };
                *unfinished = Some(Unfinished { text: text.to_owned(), attachments: Vec::new() });
                Ok(None)
            }
            Some(Event::Packet(packet)) => answer(connection, packet, Vec::new(), answers),
            Some(Event::Attachment(attachment)) => {
                let Some(mut packet) = unfinished.take() else { return Err(Failed) };
                packet.attachments.push(attachment.chunk.bytes.to_vec());
                if !attachment.last {
                    *unfinished = Some(packet);
                    return Ok(None);
                }
                let Unfinished { text, attachments } = packet;
                let packet = Packet::parse(&text).map_err(|_| Failed)?;
                answer(connection, packet, attachments, answers)
            }
            Some(_) => Err(Failed),
        }
    }

    /// Whether the client is in the room.
    pub fn is_member(&self) -> bool {
        matches!(self, Self::SocketIo { connection, .. } if connection.is_connected(CHAT))
    }

    /// How much of a packet waits for its attachments, in bytes.
    pub fn held(&self) -> usize {
        match self {
            Self::SocketIo { unfinished: Some(packet), .. } => {
                let attachments = packet.attachments.iter().map(|bytes| bytes.len());
                packet.text.len() + attachments.sum::<usize>()
            }
            _ => 0,
        }
    }

    /// Returns whether the connection is still good at `now`.
    pub fn poll(&mut self, now: u64) -> Result<(), Failed> {
        match self {
            Self::SocketIo { connection, .. } => {
                connection.poll(now).map_or(Ok(()), |_| Err(Failed))
            }
            Self::Echo => Ok(()),
        }
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<u64> {
        match self {
            Self::SocketIo { connection, .. } => connection.deadline(),
            Self::Echo => None,
        }
    }
}

/// An event of the room. What was said is the same for all members, so it is written once.
pub fn packet_of_room(event: &str, text: &str) -> OwnedMessage {
    let json = serde_json::json!([event, text]).to_string();
    text_of(|out| Packet::event(CHAT, Json::assume_valid(&json)).write(out))
        .expect("it is valid, and a Vec has room")
}

/// Answers a complete packet.
fn answer(
    connection: &mut Connection<Vec<u8>>,
    packet: Packet<'_>,
    attachments: Vec<Vec<u8>>,
    answers: &mut Vec<OwnedMessage>,
) -> Result<Option<Said>, Failed> {
    let namespace = packet.namespace;
    let arguments = packet.arguments();
    match (packet.kind, namespace, packet.event_name()) {
        (Kind::Connect, "/" | "/custom" | CHAT, _) => {
            let sid = serde_json::json!({ "sid": random_id() }).to_string();
            answers
                .push(text_of(|out| connection.accept(namespace, Json::assume_valid(&sid), out))?);
            if namespace == CHAT {
                return Ok(None);
            }
            let auth = packet.json.map_or("{}", Json::as_str);
            let json = format!(r#"["auth",{auth}]"#);
            let event = Packet::event(namespace, Json::new(&json)?);
            answers.push(text_of(|out| connection.send(event, out))?);
        }
        (Kind::Connect, ..) => {
            answers.push(text_of(|out| connection.refuse(namespace, INVALID_NAMESPACE, out))?);
        }
        (Kind::Event, CHAT, Some("message")) => {
            // The room is one of texts.
            let said = packet.json.and_then(|json| serde_json::from_str(json.as_str()).ok());
            return Ok(said.map(|(_, text): (String, String)| Said(text)));
        }
        (Kind::Event, "/" | "/custom", Some("message")) => {
            let comma = if arguments.is_empty() { "" } else { "," };
            let json = format!(r#"["message-back"{comma}{arguments}]"#);
            let event = Packet::event(namespace, Json::new(&json)?).attachments(packet.attachments);
            send(connection, event, attachments, answers)?;
        }
        (Kind::Event, "/" | "/custom", Some("message-with-ack")) => {
            let Some(id) = packet.id else { return Ok(None) };
            let json = format!("[{arguments}]");
            let ack = Packet::ack(namespace, id, Json::new(&json)?).attachments(packet.attachments);
            send(connection, ack, attachments, answers)?;
        }
        _ => {}
    }
    Ok(None)
}

/// Adds a packet and its attachments to the answers.
fn send(
    connection: &mut Connection<Vec<u8>>,
    packet: Packet<'_>,
    attachments: Vec<Vec<u8>>,
    answers: &mut Vec<OwnedMessage>,
) -> Result<(), Failed> {
    answers.push(text_of(|out| connection.send(packet, out))?);
    for attachment in attachments {
        answers.push(OwnedMessage::Binary(attachment));
        connection.attachment_sent()?;
    }
    Ok(())
}

/// The message that `write` writes.
fn text_of(
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), SendError>,
) -> Result<OwnedMessage, SendError> {
    let mut out = Vec::new();
    write(&mut out)?;
    Ok(OwnedMessage::Text(String::from_utf8(out).expect("packets are text")))
}
