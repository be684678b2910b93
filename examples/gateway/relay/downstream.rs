//! Passes what the broker sends to the clients of this gateway.

use framewright::stomp::FrameBuilder;

use super::super::broker::Broker;
use super::super::session::Session;
use super::{News, Relay};

impl Broker<Option<Relay>> {
    /// Tells clients what came from the broker.
    pub fn tell(&mut self, news: &News) {
        match news {
            News::Message(message) => self.publish(message, None),
            News::Receipt { client, receipt } => {
                if let Some(Session { connection, out, .. }) = self.sessions.get_mut(client) {
                    // It fails if the connection is closing.
                    let _ = connection.send(FrameBuilder::receipt_for(receipt), out);
                }
            }
            News::Refused { client, receipt } => {
                let Some(Session { connection, out, .. }) = self.sessions.get_mut(client) else {
                    eprintln!("the broker refused a message whose client has gone");
                    return;
                };
                let about = receipt.as_deref().map(|receipt| ("receipt-id", receipt));
                let error = FrameBuilder::error("the broker refused a message");
                let _ = connection.send(error.headers(about), out);
            }
            News::TopicRefused(topic) => {
                self.end_subscribers(topic, "the broker refused a subscription");
                for session in self.sessions.values_mut() {
                    session.subscriptions.retain(|other| other.destination != *topic);
                }
            }
            News::Lost(topic) => self.end_subscribers(topic, "messages were lost"),
        }
    }

    /// Ends all that are subscribed to a topic.
    fn end_subscribers(&mut self, topic: &str, why: &str) {
        for Session { connection, subscriptions, out, .. } in self.sessions.values_mut() {
            if subscriptions.iter().any(|subscription| subscription.destination == topic) {
                let error = FrameBuilder::error(why).headers([("destination", topic)]);
                // In 1.0, some names cannot be written.
                if connection.send(error, out).is_err() {
                    let _ = connection.send(FrameBuilder::error(why), out);
                }
            }
        }
    }
}
