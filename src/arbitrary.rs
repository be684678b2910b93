//! [`Arbitrary`] for public types, for our users' fuzzers.
//!
//! Types whose every value makes sense derive it where they are. The others are here. Their values come
//! out of their constructors, so that a fuzzer meets only values that a user could have made.

use core::time::Duration;
use std::string::String;

use arbitrary::{Arbitrary, Result, Unstructured};

#[cfg(feature = "deflate")]
use crate::ws::deflate;
use crate::{
    BufferFull, Chunk, OverLimit, engineio, grpc, http1, http2, socketio, sockjs, sse, stomp, ws,
};

/// Implements [`Arbitrary`] for a type that is made of arbitrary parts.
macro_rules! of_parts {
    ($type:ident $(:: $path:ident)* $(<$lifetime:lifetime>)?, |$pattern:pat_param| -> $parts:ty $body:block) => {
        impl<'a> Arbitrary<'a> for $type $(:: $path)* $(<$lifetime>)? {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                <$parts>::arbitrary(u).map(|$pattern| $body)
            }

            fn size_hint(depth: usize) -> (usize, Option<usize>) {
                <$parts>::size_hint(depth)
            }
        }
    };
}

/// A length or a time. Small values are as likely as large ones, because more happens near 0.
#[derive(Arbitrary)]
struct Magnitude {
    number: u64,
    shift: u8,
}

impl Magnitude {
    const fn get(self) -> u64 {
        self.number >> (self.shift % 64)
    }

    fn get_len(self) -> usize {
        usize::try_from(self.get()).unwrap_or(usize::MAX)
    }
}

/// A magnitude of 32 bits.
#[derive(Arbitrary)]
struct Magnitude32 {
    number: u32,
    shift: u8,
}

impl Magnitude32 {
    const fn get(self) -> u32 {
        self.number >> (self.shift % 32)
    }
}

of_parts!(
    ws::FrameHeader,
    |(opcode, fin, rsv, key, len)| -> (ws::Opcode, bool, [bool; 3], Option<[u8; 4]>, Magnitude,) {
        let (fin, len) =
            if opcode.is_control() { (true, len.get() % 126) } else { (fin, len.get() >> 1) };
        let header = Self::new(opcode, fin, len).expect("a control frame is short and whole");
        header.with_rsv(rsv).with_key(key)
    }
);

of_parts!(OverLimit, |(len, limit)| -> (Magnitude, Magnitude) {
    Self::new(len.get(), limit.get())
});

of_parts!(BufferFull, |needed| -> Magnitude { Self { needed: needed.get_len() } });

of_parts!(ws::Mask, |key| -> [u8; 4] { Self::new(key) });

of_parts!(ws::CloseFrame<'a>, |(code, reason)| -> (ws::CloseCode, &'a str) {
    if code.is_sendable() { Self { code, reason: first_bytes(reason, 123) } } else { Self::EMPTY }
});

of_parts!(ws::Limits, |(frame, message, fragments, ratio)| -> (Magnitude, Magnitude, u32, u32) {
    Self::new()
        .max_frame_len(frame.get())
        .max_message_len(message.get())
        .max_fragments(fragments)
        .max_ratio(ratio)
});

#[cfg(feature = "deflate")]
of_parts!(
    deflate::Config,
    |(flags, bits, level, mem_level, min_len)| -> ([bool; 4], [u8; 2], u8, u8, Option<Magnitude>,) {
        let [server_alone, client_alone, rely, accept_less] = flags;
        let [server_bits, client_bits] = bits;
        let config = Self::new()
            .server_no_context_takeover(server_alone)
            .client_no_context_takeover(client_alone)
            .server_max_window_bits(9 + server_bits % 7)
            .client_max_window_bits(9 + client_bits % 7)
            .level(level % 10)
            .mem_level(1 + mem_level % 9)
            .rely_on_clients(rely)
            .accept_less(accept_less);
        min_len.map_or(config, |min_len| config.min_len(min_len.get_len()))
    }
);

of_parts!(
    http1::Limits,
    |(head, headers, body, extensions)| -> (Magnitude, u8, Magnitude, Magnitude,) {
        Self::new()
            .max_head_len(head.get_len())
            .max_headers(headers.into())
            .max_body_len(body.get())
            .max_chunk_extensions_len(extensions.get())
    }
);

of_parts!(sse::Limits, |[line, data, event_type, id]| -> [Magnitude; 4] {
    Self::new()
        .max_line_len(line.get())
        .max_data_len(data.get())
        .max_type_len(event_type.get())
        .max_id_len(id.get())
});

// As an assembler returns them: without what ends a line or voids an ID.
of_parts!(sse::Event<'a>, |(event_type, data, last_event_id)| -> (&'a str, &'a str, &'a str) {
    let event_type = before(event_type, &['\r', '\n']);
    Self {
        event_type: if event_type.is_empty() { "message" } else { event_type },
        data: before(data, &['\r']),
        last_event_id: before(last_event_id, &['\r', '\n', '\0']),
    }
});

of_parts!(
    sse::EventBuilder<'a>,
    |(event_type, id, retry, data)| -> (&'a str, Option<&'a str>, Option<u64>, Option<&'a str>,) {
        let mut fields = Self::new().event_type(event_type);
        if let Some(id) = id {
            fields = fields.id(id);
        }
        if let Some(ms) = retry {
            fields = fields.retry(ms);
        }
        if let Some(data) = data {
            fields = fields.data(data);
        }
        fields
    }
);

of_parts!(sse::Policy, |(
    reconnect,
    times,
    timeouts,
    (jitter, failures),
    [transient, any_type],
)|
 -> (
    sse::Reconnect,
    [Magnitude; 5],
    [Option<Magnitude>; 2],
    (u8, u32),
    [bool; 2],
) {
    let ([first, min_wait, max_wait, max_backoff, stable], [connect, idle]) = (times, timeouts);
    let mut policy = Self::new()
        .reconnect(reconnect)
        .reconnection_time(first.get())
        .min_wait(min_wait.get())
        .max_wait(max_wait.get())
        .max_backoff(max_backoff.get())
        .stable_after(stable.get())
        .jitter(jitter.into())
        .max_failures(failures)
        .retry_statuses(if transient { Self::TRANSIENT } else { &[] });
    if let Some(ms) = connect {
        policy = policy.connect_timeout(ms.get());
    }
    if let Some(ms) = idle {
        policy = policy.idle_timeout(ms.get());
    }
    if any_type { policy.any_content_type() } else { policy }
});

of_parts!(stomp::Limits, |(headers, [line, head, body])| -> (u32, [Magnitude; 3]) {
    Self::new()
        .max_headers(headers)
        .max_line_len(line.get())
        .max_head_len(head.get())
        .max_body_len(body.get())
});

of_parts!(stomp::Versions, |(one, two)| -> (stomp::Version, Option<stomp::Version>) {
    two.into_iter().fold(Self::only(one), Self::and)
});

of_parts!(grpc::Limits, |[message, trailers]| -> [Magnitude; 2] {
    Self::new().max_message_len(message.get()).max_trailers_len(trailers.get())
});

of_parts!(grpc::Subtype, |name| -> &'a str {
    let token = name.chars().filter(char::is_ascii_alphanumeric).take(Self::MAX_LEN);
    Self::new(&token.collect::<String>()).expect("letters and digits are a token")
});

of_parts!(grpc::Timeout, |(seconds, nanos)| -> (Magnitude, u32) {
    Self::from(
        Duration::from_secs(seconds.get()).saturating_add(Duration::from_nanos(nanos.into())),
    )
});

of_parts!(
    grpc::Status<'a>,
    |(code, message, details)| -> (grpc::Code, grpc::StatusMessage<'a>, Option<&'a [u8]>,) {
        Self { code, message, details: details.map(grpc::Value::Bytes) }
    }
);

of_parts!(http2::StreamId, |id| -> Magnitude {
    let id = u32::try_from(id.get() >> 33).unwrap_or_default();
    Self::new(id).unwrap_or(Self::MAX)
});

of_parts!(http2::FrameHeader, |(frame_type, flags, stream, len)| -> (
    http2::FrameType,
    http2::Flags,
    Option<http2::StreamId>,
    Magnitude,
) {
    let len = u32::try_from(len.get() % (1 << 24)).unwrap_or_default();
    Self::new(frame_type, flags, stream, len).expect("24 bits")
});

of_parts!(
    http2::Limits,
    |([head, fields, streams, resets, useless], windows, lens)| -> (
        [Magnitude32; 5],
        [Magnitude32; 2],
        [Magnitude32; 2],
    ) {
        let ([stream, connection], [frame, send]) = (windows, lens);
        Self::new()
            .max_head_len(head.get())
            .max_fields(fields.get())
            .max_streams(streams.get())
            .stream_window(stream.get())
            .connection_window(connection.get())
            .max_frame_len(frame.get())
            .max_send_len(send.get())
            .reset_budget(resets.get())
            .useless_budget(useless.get())
    }
);

of_parts!(http2::Request<'a>, |(method, scheme, authority, target, protocol)| -> (
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    Option<Option<&'a str>>,
) {
    match protocol {
        None => Self::new(method, scheme, authority, target),
        Some(None) => Self::connect(authority),
        Some(Some(protocol)) => Self::extended_connect(protocol, scheme, authority, target),
    }
});

of_parts!(
    stomp::Delivery<'a>,
    |(subscription, message_id, ack)| -> (Option<&'a str>, &'a str, Option<&'a str>,) {
        let delivery = match subscription {
            Some(subscription) => Self::new(subscription, message_id),
            None => Self::without_subscription(message_id),
        };
        ack.map_or(delivery, |id| delivery.ack(id))
    }
);

of_parts!(stomp::FrameBuilder<'a>, |(command, content_type, receipt, body)| -> (
    stomp::Command,
    Option<&'a str>,
    Option<&'a str>,
    &'a [u8],
) {
    let mut frame = Self::new(command).body(body);
    if let Some(content_type) = content_type {
        frame = frame.content_type(content_type);
    }
    if let Some(receipt) = receipt {
        frame = frame.receipt(receipt);
    }
    frame
});

of_parts!(engineio::Limits, |(times, lens, upgrades)| -> ([Magnitude; 4], [Magnitude; 3], bool,) {
    let ([interval, timeout, upgrade, close], [payload, message, backlog]) = (times, lens);
    Self::new()
        .ping_interval(interval.get())
        .ping_timeout(timeout.get())
        .upgrade_timeout(upgrade.get())
        .close_timeout(close.get())
        .max_payload(payload.get())
        .max_message_len(message.get())
        .max_backlog(backlog.get())
        .upgrades(upgrades)
});

of_parts!(engineio::Base64<'a>, |text| -> &'a str {
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let len = text.bytes().take_while(is_symbol).count() / 4 * 4;
    Self::parse(text.get(..len).unwrap_or_default()).expect("whole groups of symbols")
});

of_parts!(engineio::Packet<'a>, |parts| -> Result<
    (engineio::Kind, &'a str),
    Result<&'a [u8], engineio::Base64<'a>>,
> {
    match parts {
        Ok((kind, text)) => Self::Text(kind, text),
        Err(Ok(bytes)) => Self::Binary(bytes),
        Err(Err(base64)) => Self::Base64(base64),
    }
});

// As a decoder returns them.
of_parts!(engineio::Part<'a>, |(kind, message, chunk)| -> (engineio::Kind, ws::Kind, Chunk<'a>) {
    match kind {
        engineio::Kind::Message => Self::Message(engineio::MessagePart { kind: message, chunk }),
        kind => Self::Control(kind, chunk),
    }
});

of_parts!(
    engineio::Handshake<'a>,
    |(sid, upgrades, [interval, timeout], max_payload)| -> (
        &'a str,
        bool,
        [Magnitude; 2],
        Option<Magnitude>,
    ) {
        Self {
            sid: identifier(sid),
            upgrades,
            ping_interval: interval.get(),
            ping_timeout: timeout.get(),
            max_payload: max_payload.map(Magnitude::get),
        }
    }
);

of_parts!(engineio::Request<'a>, |parts| -> Result<
    (engineio::ClientRequest, &'a str),
    Result<(engineio::Transport, bool), &'a str>,
> {
    match parts {
        Ok((engineio::ClientRequest::Get, sid)) => Self::Get { sid: identifier(sid) },
        Ok((engineio::ClientRequest::Post, sid)) => Self::Post { sid: identifier(sid) },
        Err(Ok((transport, base64))) => Self::Open { transport, base64 },
        Err(Err(sid)) => Self::Upgrade { sid: identifier(sid) },
    }
});

of_parts!(
    socketio::Limits,
    |(counts, lens, times)| -> ([u32; 2], [Magnitude; 2], [Magnitude; 2]) {
        let ([attachments, namespaces], [attachments_len, namespace_len]) = (counts, lens);
        let [attachments_within, connect_within] = times;
        Self::new()
            .max_attachments(attachments)
            .max_attachments_len(attachments_len.get())
            .attachments_within(attachments_within.get())
            .connect_within(connect_within.get())
            .max_namespaces(namespaces)
            .max_namespace_len(namespace_len.get())
    }
);

// JSON of the shape that the kind has. Text at random would never be JSON.
of_parts!(
    socketio::Packet<'a>,
    |(kind, namespace, json, id, attachments)| -> (socketio::Kind, u8, u8, Option<Magnitude>, u8) {
        use socketio::Kind;
        let any: &[&str] = match kind {
            Kind::Connect => &["", "{}", r#"{"sid":"x","pid":null}"#],
            Kind::Disconnect => &[""],
            Kind::Event => {
                &[r#"["e"]"#, r#"["é",{"_placeholder":true,"num":0}]"#, "[7,[[]],-1.5e3]"]
            }
            Kind::Ack => &["[]", r#"[{"a":[true]},"\u001e"]"#],
            Kind::ConnectError => &["{}", r#""no""#, r#"{"message":"no","data":[]}"#],
        };
        let pick = |from: &[&'static str], at: u8| {
            from.get(usize::from(at) % from.len().max(1)).copied().unwrap_or_default()
        };
        let id = id.map(Magnitude::get);
        Self {
            kind,
            namespace: pick(&["/", "/a", "/admin", "/é?b=1"], namespace),
            id: match kind {
                Kind::Event => id,
                Kind::Ack => Some(id.unwrap_or_default()),
                _ => None,
            },
            attachments: match kind {
                Kind::Event | Kind::Ack => attachments.into(),
                _ => 0,
            },
            json: socketio::Json::check(pick(any, json)),
        }
    }
);

of_parts!(
    sockjs::Limits,
    |[payload, backlog, response, heartbeat, disconnect]| -> [Magnitude; 5] {
        Self::new()
            .max_payload_len(payload.get())
            .max_backlog(backlog.get())
            .response_limit(response.get())
            .heartbeat_interval(heartbeat.get())
            .disconnect_delay(disconnect.get())
    }
);

of_parts!(sockjs::Callback, |name| -> &'a str {
    let name = identifier(name);
    let name = name.get(..Self::MAX_LEN).unwrap_or(name);
    Self::parse(&std::format!("?c={name}")).expect("letters and digits, and not too many")
});

of_parts!(sockjs::Routes, |[websocket, legacy]| -> [bool; 2] {
    let routes = Self::new().websocket(websocket);
    if legacy { routes.legacy() } else { routes }
});

of_parts!(sockjs::Frame<'a>, |parts| -> Result<(u16, &'a str), bool> {
    match parts {
        Ok((code, reason)) => {
            let reason = first_bytes(reason, sockjs::MAX_REASON_LEN);
            Self::Close { code: 1000 + code % 4000, reason }
        }
        Err(true) => Self::Open,
        Err(false) => Self::Heartbeat,
    }
});

/// The letters and digits at the beginning of `text`, or `x` if there are none.
fn identifier(text: &str) -> &str {
    let len = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    text.get(..len).filter(|id| !id.is_empty()).unwrap_or("x")
}

/// The text before the first of `ends`.
fn before<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or_default()
}

/// As many of the first `max_len` bytes as are whole characters.
fn first_bytes(text: &str, max_len: usize) -> &str {
    (0..=max_len).rev().find_map(|len| text.get(..len.min(text.len()))).unwrap_or_default()
}
