//! Streams of HTTP/2: what their heads say about their bodies.

use super::block::HeadField;
use super::content;
use super::layer::{Both, Layer};
use super::report::{Place, Report, Sender};
use super::upgrade;

/// One stream, until both sides have ended.
#[derive(Default)]
pub struct Stream {
    sides: Both<StreamSide>,
    method: String,
    target: String,
    /// What is spoken in both directions, if the stream is a tunnel.
    tunnel: Option<Box<dyn Layer>>,
    asks_for_websocket: bool,
}

#[derive(Default)]
struct StreamSide {
    has_head: bool,
    ended: bool,
    body: Option<Box<dyn Layer>>,
}

impl Stream {
    /// Takes a head, or trailers if the head has come. `end` is whether no body follows.
    pub fn head(&mut self, sender: Sender, fields: &[HeadField], end: bool) {
        let get =
            |name: &str| fields.iter().find(|field| field.0 == name).map(|field| &field.1[..]);
        let is_interim = get(":status").is_some_and(|status| status.starts_with(b"1"));
        let side = self.sides.of(sender);
        if side.has_head || is_interim {
            return;
        }
        side.has_head = true;
        if sender == Sender::Client {
            self.method = get(":method").map(super::preview::lossy).unwrap_or_default();
            self.target = get(":path").map(super::preview::lossy).unwrap_or_default();
            self.asks_for_websocket = get(":protocol") == Some(b"websocket");
        }
        if self.asks_for_websocket {
            if sender == Sender::Server {
                let protocol = get("sec-websocket-protocol");
                let extensions = get("sec-websocket-extensions");
                self.tunnel = Some(upgrade::over_http2(&self.target, protocol, extensions));
            }
        } else if !end {
            let target = match sender {
                Sender::Client => &self.target,
                Sender::Server => content::of_response(&self.method, &self.target),
            };
            self.sides.of(sender).body = content::layer(fields, target);
        }
    }

    /// What is in the body.
    pub fn layer(&mut self, sender: Sender) -> Option<&mut Box<dyn Layer>> {
        match &mut self.tunnel {
            Some(tunnel) => Some(tunnel),
            None => self.sides.of(sender).body.as_mut(),
        }
    }

    /// Ends what `place.sender` sends. Returns whether both sides have ended.
    pub fn end(&mut self, place: Place, report: &mut dyn Report) -> bool {
        if !self.sides.of(place.sender).ended
            && let Some(layer) = self.layer(place.sender)
        {
            layer.end(place, report);
        }
        self.sides.of(place.sender).ended = true;
        self.sides.client.ended && self.sides.server.ended
    }
}
