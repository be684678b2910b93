//! The parsers of socketioxide and engineioxide, which its server runs.

use std::rc::Rc;

use engineioxide_core::{Packet, ProtocolVersion, Str};
use socketioxide_core::Value;
use socketioxide_core::packet::{Packet as SocketPacket, PacketData};
use socketioxide_core::parser::{Parse as _, ParseConfig, ParserState};
use socketioxide_parser_common::CommonParser;

use super::super::{Contestant, Kind};

/// It gets its messages without a copy, as tungstenite delivers them.
pub fn decode(events: &Rc<[String]>) -> Contestant {
    let messages: Vec<_> = events.iter().map(|json| Str::from(format!("42{json}"))).collect();
    let (config, state) = (ParseConfig::default(), ParserState::default());
    Contestant::new(Kind::Peer, "socketioxide", move |sink| {
        for message in &messages {
            let packet = Packet::parse(ProtocolVersion::V4, message.clone());
            let Ok(Packet::Message(text)) = packet else { panic!("it is a message") };
            let packet = CommonParser.decode_str(&config, &state, text).expect("it is valid");
            let PacketData::Event(data, None) = packet.inner else { panic!("it is an event") };
            assert_eq!(CommonParser.read_event(&data).expect("it has a name"), "message");
            sink.text(data.as_str().expect("it is text"));
        }
    })
    .with("takes JSON that is none, until its user parses it")
}

pub fn encode(events: &Rc<[String]>) -> Contestant {
    let events: Vec<_> = events.iter().cloned().map(Str::from).collect();
    Contestant::new(Kind::Peer, "socketioxide", move |sink| {
        for json in &events {
            let packet = SocketPacket::event("/", Value::Str(json.clone(), None));
            let Value::Str(text, _) = CommonParser.encode(packet) else { panic!("it is text") };
            let message = String::from(Packet::Message(text));
            sink.sent(1, message.as_bytes());
        }
    })
    .with("checks nothing")
}
