//! What the server does with messages: Socket.IO, or an echo.

use framewright::socketio::{
    Connection, Event, INVALID_NAMESPACE, Kind, Limits, Packet, SendError,
};
use framewright::{Chunk, ws::Message, ws::OwnedMessage};

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

impl Application {
    pub fn socketio(limits: Limits, now: u64) -> Self {
        Self::SocketIo { connection: Connection::server(limits, Vec::new(), now), unfinished: None }
    }

    /// Takes a message. What it makes the server say is added to `answers`.
    pub fn receive(
        &mut self,
        message: Message<'_>,
        now: u64,
        answers: &mut Vec<OwnedMessage>,
    ) -> Result<(), Failed> {
        let Self::SocketIo { connection, unfinished } = self else {
            answers.push(message.into());
            return Ok(());
        };
        let event = match message {
            Message::Text(text) => connection.receive_text(text, now),
            Message::Binary(bytes) => connection.receive_binary(Chunk::whole(bytes)),
        };
        match event {
            None => Ok(()),
            Some(Event::Packet(packet)) if packet.attachments > 0 => {
                let Message::Text(text) = message else { return Err(Failed) };
                *unfinished = Some(Unfinished { text: text.to_owned(), attachments: Vec::new() });
                Ok(())
            }
            Some(Event::Packet(packet)) => answer(connection, packet, &[], answers),
            Some(Event::Attachment(attachment)) => {
                let Some(mut packet) = unfinished.take() else { return Err(Failed) };
                packet.attachments.push(attachment.chunk.bytes.to_vec());
                if !attachment.last {
                    *unfinished = Some(packet);
                    return Ok(());
                }
                let Unfinished { text, attachments } = packet;
                let packet = Packet::parse(&text).map_err(|_| Failed)?;
                answer(connection, packet, &attachments, answers)
            }
            Some(_) => Err(Failed),
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
}

/// Answers a complete packet.
fn answer(
    connection: &mut Connection<Vec<u8>>,
    packet: Packet<'_>,
    attachments: &[Vec<u8>],
    answers: &mut Vec<OwnedMessage>,
) -> Result<(), Failed> {
    let namespace = packet.namespace;
    let mut send = |run: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), SendError>| {
        let mut out = Vec::new();
        run(&mut out).map_err(|_| Failed)?;
        answers.push(OwnedMessage::Text(String::from_utf8(out).map_err(|_| Failed)?));
        Ok(())
    };
    let arguments = packet.arguments();
    let count = packet.attachments;
    match (packet.kind, packet.event_name()) {
        (Kind::Connect, _) if matches!(namespace, "/" | "/custom") => {
            let sid = format!(r#"{{"sid":"{}"}}"#, crate::http::random_id());
            send(&mut |out| connection.accept(namespace, &sid, out))?;
            let auth = if packet.json.is_empty() { "{}" } else { packet.json };
            let json = format!(r#"["auth",{auth}]"#);
            send(&mut |out| connection.send(Packet::event(namespace, &json), out))?;
        }
        (Kind::Connect, _) => {
            send(&mut |out| connection.refuse(namespace, INVALID_NAMESPACE, out))?
        }
        (Kind::Event, Some("message")) => {
            let comma = if arguments.is_empty() { "" } else { "," };
            let json = format!(r#"["message-back"{comma}{arguments}]"#);
            let packet = Packet::event(namespace, &json).attachments(count);
            send(&mut |out| connection.send(packet, out))?;
        }
        (Kind::Event, Some("message-with-ack")) => {
            let Some(id) = packet.id else { return Ok(()) };
            let json = format!("[{arguments}]");
            let packet = Packet::ack(namespace, id, &json).attachments(count);
            send(&mut |out| connection.send(packet, out))?;
        }
        _ => return Ok(()),
    }
    for attachment in attachments {
        answers.push(OwnedMessage::Binary(attachment.clone()));
        connection.attachment_sent().map_err(|_| Failed)?;
    }
    Ok(())
}
