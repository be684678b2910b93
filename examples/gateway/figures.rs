//! What the gateway has done since it started, for its page.

use std::time::{Duration, Instant};

use framewright::grpc::CallKind;
use serde_json::{Value, json};

#[derive(Default)]
pub struct Figures {
    /// Connections of TCP that are open.
    pub connections: usize,
    pub requests: u64,
    /// Messages received over WebSocket.
    pub messages: u64,
    /// Events sent.
    pub events: u64,
    /// Calls of gRPC and gRPC-Web.
    pub calls: u64,
    pub grpc: Calls,
}

/// The calls of gRPC, by kind.
#[derive(Default)]
pub struct Calls([Kind; 4]);

#[derive(Default)]
struct Kind {
    calls: u64,
    messages: u64,
    bytes: u64,
    times: Times,
}

/// What a call has done, until it is counted.
pub struct Progress {
    kind: CallKind,
    begun: Instant,
    messages: u64,
    bytes: u64,
    took: Option<Duration>,
}

impl Progress {
    pub fn new(kind: CallKind) -> Self {
        Self { kind, begun: Instant::now(), messages: 0, bytes: 0, took: None }
    }

    /// Adds a message, received or sent.
    pub fn message(&mut self, len: usize) {
        self.messages += 1;
        self.bytes += len as u64;
    }

    /// The call has ended.
    pub fn end(&mut self) {
        self.took = Some(self.begun.elapsed());
    }
}

impl Calls {
    /// Counts what a call has done since the last time.
    pub fn count(&mut self, progress: &mut Progress) {
        let kind = &mut self.0[index(progress.kind)];
        kind.messages += std::mem::take(&mut progress.messages);
        kind.bytes += std::mem::take(&mut progress.bytes);
        if let Some(took) = progress.took.take() {
            kind.calls += 1;
            kind.times.add(took);
        }
    }

    /// The figures of each kind, times in microseconds.
    pub fn to_json(&self) -> Value {
        let names = ["unary", "client", "server", "both"];
        let kinds = names.iter().zip(&self.0).map(|(name, kind)| {
            let (mean, p99) = (kind.times.mean(), kind.times.percentile(99));
            json!({
                "kind": name, "calls": kind.calls, "messages": kind.messages, "bytes": kind.bytes,
                "mean": mean, "p99": p99,
            })
        });
        kinds.collect()
    }
}

const fn index(kind: CallKind) -> usize {
    match kind {
        CallKind::Unary => 0,
        CallKind::ClientStreaming => 1,
        CallKind::ServerStreaming => 2,
        CallKind::BidiStreaming => 3,
    }
}

/// How long calls took, in microseconds: how many in each eighth of a power of two, so that a percentile is at most an eighth
/// too high.
struct Times {
    counts: [u64; 8 * 40],
    sum: u64,
    count: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { counts: [0; 8 * 40], sum: 0, count: 0 }
    }
}

impl Times {
    fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[Self::bucket(micros).min(self.counts.len() - 1)] += 1;
        self.sum = self.sum.saturating_add(micros);
        self.count += 1;
    }

    /// The first eight have a bucket each.
    fn bucket(micros: u64) -> usize {
        let exponent = (micros.max(1).ilog2() as usize).saturating_sub(3);
        exponent * 8 + (micros >> exponent) as usize
    }

    fn mean(&self) -> Option<u64> {
        self.sum.checked_div(self.count)
    }

    /// The end of the bucket below which so many in a hundred are.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let mut left = (self.count * percent).div_ceil(100);
        let bucket = self.counts.iter().position(|count| {
            left = left.saturating_sub(*count);
            self.count > 0 && left == 0
        })?;
        let exponent = (bucket / 8).saturating_sub(1);
        let last = (bucket - exponent * 8) as u64;
        Some(((last + 1) << exponent) - 1)
    }
}
