//! The load generator: many connections on one thread, the same for all contestants.

use std::error::Error;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::contest::{Contestant, Sample};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long an answer may take before it counts as lost.
pub const LOST: Duration = Duration::from_secs(10);

/// A connection under load. Between two rounds, nothing is in flight on it.
pub trait Load: Sized {
    /// What it asks for.
    type Work;

    /// Connects, and does what has to come before the first request.
    fn open(to: &Contestant) -> Result<Self>;

    fn stream(&mut self) -> &mut TcpStream;

    /// How many requests have not been answered.
    fn in_flight(&self) -> usize;

    /// Begins so many more requests. Writes as much as the socket takes, of earlier ones too.
    fn send(&mut self, requests: usize, work: &Self::Work) -> Result<()>;

    /// Reads what has arrived, and checks it. Returns the number of requests that it answers.
    fn receive(&mut self, buf: &mut [u8], work: &Self::Work) -> Result<usize>;
}

/// A case: the work, and how much of it at a time.
#[derive(Debug)]
pub struct Case<'a, W> {
    pub work: &'a W,
    pub connections: usize,
    /// Requests in flight on each connection.
    pub in_flight: usize,
}

/// How long to race.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    pub count: usize,
    /// The turn of one contestant in one round.
    pub slice: Duration,
}

impl Rounds {
    /// Races all contestants that take part in a case. Returns what each of them did in each round.
    pub fn race<L: Load>(
        self,
        contestants: &[Contestant],
        case: &Case<'_, L::Work>,
        takes_part: impl Fn(&Contestant) -> bool,
    ) -> Result<Vec<Vec<Sample>>> {
        let named = |contestant: &Contestant, e| format!("{}: {e}", contestant.name);
        let mut crowds = Vec::new();
        for contestant in contestants {
            let crowd = Crowd::<L>::connect(contestant, case.connections);
            crowds.push(crowd.map_err(|e| named(contestant, e))?);
        }
        let mut samples = vec![Vec::new(); contestants.len()];
        // The first round only warms up.
        for round in 0..=self.count {
            for turn in 0..contestants.len() {
                let at = (round + turn) % contestants.len();
                let contestant = &contestants[at];
                let sample = if takes_part(contestant) {
                    let sample = crowds[at].race(contestant, case, self.slice);
                    sample.map_err(|e| named(contestant, e))?
                } else {
                    Sample::NONE
                };
                if round > 0 {
                    samples[at].push(sample);
                }
            }
        }
        Ok(samples)
    }
}

/// All connections to one contestant.
#[derive(Debug)]
pub struct Crowd<L> {
    pub connections: Vec<L>,
    poll: Poll,
    events: Events,
    buf: Vec<u8>,
}

impl<L: Load> Crowd<L> {
    pub fn connect(to: &Contestant, count: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..count {
            let mut connection = L::open(to)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(connection.stream(), Token(number), interest)?;
            connections.push(connection);
        }
        Ok(Self { connections, poll, events: Events::with_capacity(1024), buf: vec![0; 64 << 10] })
    }

    /// Keeps requests in flight on each connection for some time, then waits for the last answer.
    fn race(
        &mut self,
        contestant: &Contestant,
        case: &Case<'_, L::Work>,
        slice: Duration,
    ) -> Result<Sample> {
        let Self { connections, poll, events, buf } = self;
        let cpu = contestant.cpu_time()?;
        let start = Instant::now();
        for connection in &mut *connections {
            connection.send(case.in_flight, case.work)?;
        }
        let mut answers = 0;
        let mut busy = connections.len();
        let mut sending = true;
        while busy > 0 {
            poll.poll(events, Some(LOST))?;
            if events.is_empty() {
                return Err(format!("no answer within {LOST:?}").into());
            }
            sending &= start.elapsed() < slice;
            for event in &*events {
                let connection = &mut connections[event.token().0];
                let answered = connection.receive(buf, case.work)?;
                answers += answered;
                connection.send(if sending { answered } else { 0 }, case.work)?;
                busy -= usize::from(answered > 0 && connection.in_flight() == 0);
            }
        }
        let elapsed = start.elapsed();
        let cpu = contestant.cpu_time()? - cpu;
        Ok(Sample {
            per_second: answers as f64 / elapsed.as_secs_f64(),
            cpu_per_message: cpu.as_secs_f64() / answers as f64,
        })
    }
}
