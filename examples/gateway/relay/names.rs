//! The destinations and headers of messages at the broker.
//!
//! **Destinations.** A topic may have any name here, and brokers give meanings to some characters. Letters, digits and
//! `-_.~` stay. A slash becomes `%2F`, as RabbitMQ requires. Every other byte, such as those of wildcards, becomes
//! `%25XX`: a broker that resolves escapes is left with `%XX`, which means nothing to it.
//!
//! **Headers.** Brokers act on some headers, and close the connection over some values, which would hit all clients. So
//! a client's header `x` travels as `client-x`, except `content-type`. On the way back, only these are kept, and the
//! broker's own are dropped. A message that another program sent has no [`ORIGIN`]: it keeps its headers, except those
//! that belong to the delivery.

use framewright::stomp::Headers;

/// What begins the destinations that pass through the broker.
pub const TOPIC: &str = "/topic/";
/// Says which gateway a message is from, and where it stands among the others from there: see [`Place`].
pub const ORIGIN: &str = "gateway-origin";

const PREFIX: &str = "client-";
const CONTENT_TYPE: &str = "content-type";
/// The longest that AMQP has for a topic, the name of a header, and a media type, in bytes.
const MAX_LEN: usize = 255;

/// The destination at the broker, or why there can be none.
pub fn destination(topic: &str) -> Result<String, &'static str> {
    let name = topic.strip_prefix(TOPIC).filter(|name| !name.is_empty());
    let name = name.ok_or("a topic has a name")?;
    let mut at_broker = String::from(TOPIC);
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                at_broker.push(byte.into());
            }
            b'/' => at_broker.push_str("%2F"),
            _ => at_broker.push_str(&format!("%25{byte:02X}")),
        }
    }
    if at_broker.len() - TOPIC.len() > MAX_LEN {
        return Err("the topic's name is too long for the broker");
    }
    Ok(at_broker)
}

/// The headers at the broker of a client's message, or why they cannot be sent.
pub fn to_broker(headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, &'static str> {
    let mut at_broker: Vec<(String, String)> = Vec::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        let name = match &name[..] {
            CONTENT_TYPE if value.len() <= MAX_LEN => name,
            _ => format!("{PREFIX}{name}"),
        };
        if name.len() > MAX_LEN {
            return Err("the name of a header is too long for the broker");
        }
        // Of a repeated name, the first counts. Brokers may keep the last.
        if at_broker.iter().all(|(other, _)| *other != name) {
            at_broker.push((name, value));
        }
    }
    Ok(at_broker)
}

/// The headers for clients of a message that came from the broker.
pub fn from_broker(headers: &Headers<'_>) -> Vec<(String, String)> {
    let is_ours = headers.has(ORIGIN);
    let for_clients = headers.of_message().filter_map(|(name, value)| {
        let name = match name {
            CONTENT_TYPE => name,
            "persistent" | "redelivered" => return None,
            _ if is_ours => name.strip_prefix(PREFIX)?,
            _ => name,
        };
        Some((name.to_owned(), value.to_owned()))
    });
    for_clients.collect()
}

/// Where a message stands among those of its gateway. It is the value of [`ORIGIN`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place<'a> {
    pub gateway: &'a str,
    /// Greater than those before it.
    pub number: u64,
    /// The number of the one before it in the same topic; 0 if that is unknown, or there is none.
    pub before: u64,
}

impl<'a> Place<'a> {
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut words = value.split(' ');
        let (gateway, number, before) = (words.next()?, words.next()?, words.next()?);
        Some(Self { gateway, number: number.parse().ok()?, before: before.parse().ok()? })
    }

    pub fn to_text(&self) -> String {
        format!("{} {} {}", self.gateway, self.number, self.before)
    }
}
