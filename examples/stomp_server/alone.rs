//! A broker without another one upstream.

use super::broker::{Refusal, Sent, Upstream};
use super::session::Message;

/// No upstream: every message is published at once.
#[derive(Default)]
pub struct Alone;

impl Upstream for Alone {
    fn send(
        &mut self,
        _session: u64,
        _receipt: Option<&str>,
        messages: Vec<Message>,
    ) -> Result<Sent, Refusal> {
        Ok(Sent { here: messages, later: false })
    }

    fn subscribe(
        &mut self,
        _session: u64,
        _receipt: Option<&str>,
        _destination: &str,
    ) -> Result<bool, Refusal> {
        Ok(false)
    }

    fn unsubscribe(&mut self, _destination: &str) {}

    fn leave(&mut self, _session: u64, _receipt: Option<&str>) -> bool {
        false
    }

    fn close(&mut self, _session: u64) {}
}
