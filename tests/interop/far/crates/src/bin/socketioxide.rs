//! A server made with `socketioxide`, for our client: it does the same as `socketio_python_server.py`, which says what that is.

use std::fmt;
use std::time::Duration;

use rmpv::Value;
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

/// All arguments of an event. Only what is a tuple takes more than the first.
struct Arguments(Vec<Value>);

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|value| tuple.serialize_element(value))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(8, All)
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Arguments;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Arguments, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = seq.next_element()? {
            all.push(value);
        }
        Ok(Arguments(all))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = SocketIo::builder().ping_interval(Duration::from_millis(300));
    // What finds no room in the buffer is lost.
    let (layer, io) = builder
        .ping_timeout(Duration::from_secs(1))
        .max_payload(100_000)
        .max_buffer_size(1024)
        .build_layer();
    io.ns("/", serve);
    io.ns("/custom", serve);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}/", listener.local_addr()?);
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}

/// A handler is a task of its own, so that answers come in any order.
async fn serve(socket: SocketRef, Data(auth): Data<serde_json::Value>) {
    socket.emit("auth", &auth).expect("the socket is new");
    socket.on("message", async |socket: SocketRef, Data::<Arguments>(data)| {
        let _ = socket.emit("message-back", &data);
    });
    socket.on("message-with-ack", async |Data::<Arguments>(data), ack: AckSender| {
        let _ = ack.send(&data);
    });
    socket.on("leave", async |socket: SocketRef| {
        let _ = socket.disconnect();
    });
    let name = auth["name"].as_str().unwrap_or_default().to_owned();
    socket.on_disconnect(async move |socket: SocketRef| {
        println!("{name} left {}", format!("{:?}", socket.transport_type()).to_lowercase());
    });
}
