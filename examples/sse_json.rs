//! Turns lines of JSON into an event stream, or an event stream into lines of JSON.
//!
//! ```text
//! cargo run --example sse_json -- encode < events.jsonl > stream
//! cargo run --example sse_json -- decode < stream > events.jsonl
//! ```
//!
//! A line is an event: `{"event": …, "data": …, "id": …, "retry": …}`. To encode, each field is optional.
//! A decoded event has a type, data and the last event ID, and `{"retry": …}` is a line of its own.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};

use framewright::sse::{Assembler, Encoder, EventBuilder, Item, Limits, Storage};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("encode") => encode(io::stdin().lock(), io::stdout().lock()),
        Some("decode") => decode(io::stdin().lock(), io::stdout().lock()),
        _ => Err("usage: sse_json encode|decode".into()),
    }
}

fn encode(input: impl BufRead, mut output: impl Write) -> Result<(), Box<dyn Error>> {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    for (at, line) in input.lines().enumerate() {
        let event: Value = serde_json::from_str(&line?)?;
        let written = encoder.encode(fields(&event)?, &mut out);
        // If this event is refused, those before it were written.
        output.write_all(&out)?;
        output.flush()?;
        out.clear();
        written.map_err(|e| format!("line {}: {e}", at + 1))?;
    }
    Ok(())
}

fn fields(event: &Value) -> Result<EventBuilder<'_>, Box<dyn Error>> {
    let mut fields = EventBuilder::new();
    for (name, value) in event.as_object().ok_or("an event is an object")? {
        fields = match (&**name, value) {
            ("event", Value::String(event_type)) => fields.event_type(event_type),
            ("data", Value::String(data)) => fields.data(data),
            ("id", Value::String(id)) => fields.id(id),
            ("retry", Value::Number(ms)) => {
                fields.retry(ms.as_u64().ok_or("a time is a whole number of ms")?)
            }
            _ => return Err(format!("{name} cannot be {value}").into()),
        };
    }
    Ok(fields)
}

fn decode(mut input: impl Read, mut output: impl Write) -> Result<(), Box<dyn Error>> {
    let mut assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
    let mut buf = vec![0; 16 * 1024];
    loop {
        let n = input.read(&mut buf)?;
        if n == 0 {
            // An event without its blank line is not an event.
            return Ok(());
        }
        let mut read = &buf[..n];
        while let Some(item) = assembler.receive(&mut read) {
            let line = match item {
                Item::Event(event) => {
                    json!({ "event": event.event_type, "data": event.data, "id": event.last_event_id })
                }
                Item::ReconnectionTime(ms) => json!({ "retry": ms }),
                Item::Lost(error) => {
                    eprintln!("an event was lost: {error}");
                    continue;
                }
                _ => continue,
            };
            writeln!(output, "{line}")?;
        }
        output.flush()?;
    }
}
