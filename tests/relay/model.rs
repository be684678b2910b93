//! A broker that is as plain as can be: durable queues, and no sockets.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use framewright::stomp::{
    Command, Connection, FrameBuilder, FrameEvent, HeartBeat, Inbox, Limits, Server,
};

/// The broker that all gateways stand on.
#[derive(Default)]
pub struct Model {
    queues: BTreeMap<String, Queue>,
    lines: BTreeMap<usize, Line>,
    next_tag: u64,
    /// Whether receipts wait until this is unset.
    pub delays_receipts: bool,
    /// Whether nothing comes from it, not even a heart-beat.
    pub is_silent: bool,
    /// A `SEND` of this body, and a `SUBSCRIBE` to this destination, break the connection.
    pub poison: Option<&'static str>,
    /// Whether it does as ActiveMQ does, which ends a subscription only when no consumer is on it.
    pub is_active_mq: bool,
    /// Every frame that came, as the command and what it is about.
    pub seen: Vec<String>,
}

/// What is held for one subscription.
struct Queue {
    destination: String,
    ready: VecDeque<Stored>,
    unacknowledged: VecDeque<(u64, Stored)>,
    /// The gateway that is connected.
    consumer: Option<usize>,
}

#[derive(Clone)]
struct Stored {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The connection of a gateway.
struct Line {
    connection: Connection<Server>,
    inbox: Inbox<Vec<u8>>,
    out: Vec<u8>,
    receipts: Vec<String>,
    is_over: bool,
}

impl Model {
    pub fn connect(&mut self, gateway: usize, now: u64) {
        let connection = Connection::server(Limits::new(), now);
        let connection = connection.heart_beat(HeartBeat::new(10_000, 10_000));
        let line = Line {
            connection,
            inbox: Inbox::new(Vec::new()),
            out: Vec::new(),
            receipts: Vec::new(),
            is_over: false,
        };
        self.lines.insert(gateway, line);
    }

    /// The connection is gone. What was not acknowledged will be delivered again.
    pub fn disconnect(&mut self, gateway: usize) {
        self.lines.remove(&gateway);
        for queue in self.queues.values_mut().filter(|queue| queue.consumer == Some(gateway)) {
            queue.consumer = None;
            while let Some((_, stored)) = queue.unacknowledged.pop_back() {
                queue.ready.push_front(stored);
            }
        }
    }

    pub fn receive(&mut self, gateway: usize, mut input: &[u8], now: u64) {
        let Some(mut line) = self.lines.remove(&gateway) else { return };
        while let Some(event) = line.connection.receive_frame(&mut input, &mut line.inbox, now) {
            let FrameEvent::Frame(command) = event else { panic!("{event:?}") };
            if !line.is_over {
                self.carry_out(gateway, command, &mut line);
            }
        }
        self.lines.insert(gateway, line);
    }

    fn carry_out(&mut self, gateway: usize, command: Command, line: &mut Line) {
        let Line { connection, inbox, out, receipts, is_over } = line;
        let headers = inbox.headers();
        let get = |name: &str| headers.get(name).unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(inbox.body()).into_owned();
        let about = if body.is_empty() { get("destination") } else { body };
        self.seen.push(format!("{command} {about}"));
        if self.poison == Some(&about) {
            let error = FrameBuilder::error("I do not like that");
            connection.send(error, out).unwrap();
            *is_over = true;
            return;
        }
        match command {
            Command::Connect => {
                let server = if self.is_active_mq { "ActiveMQ/5.17.2" } else { "RabbitMQ/3.10.8" };
                return connection.accept(FrameBuilder::connected().server(server), out).unwrap();
            }
            Command::Send => {
                let stored = Stored {
                    headers: headers.of_message().map(|(a, b)| (a.into(), b.into())).collect(),
                    body: inbox.body().to_vec(),
                };
                let destination = get("destination");
                for queue in self.queues.values_mut().filter(|q| q.destination == destination) {
                    queue.ready.push_back(stored.clone());
                }
            }
            Command::Subscribe => {
                let queue = self.queues.entry(get("id")).or_insert_with(|| Queue {
                    destination: get("destination"),
                    ready: VecDeque::new(),
                    unacknowledged: VecDeque::new(),
                    consumer: None,
                });
                queue.consumer = Some(gateway);
            }
            Command::Unsubscribe
                if self.is_active_mq && !headers.has("activemq.subscriptionName") =>
            {
                self.queues.get_mut(&get("id")).unwrap().consumer = None;
            }
            Command::Unsubscribe => {
                let gone = self.queues.remove(&get("id")).unwrap();
                assert_eq!(gone.consumer.is_none(), self.is_active_mq);
            }
            Command::Ack => {
                let tag: u64 = get("id").parse().unwrap();
                for queue in self.queues.values_mut() {
                    queue.unacknowledged.retain(|(other, _)| *other != tag);
                }
            }
            other => panic!("{other}"),
        }
        receipts.extend(headers.get("receipt").map(str::to_owned));
    }

    /// Takes what there is to send to a gateway, and whether the connection ends after it.
    pub fn transmit(&mut self, gateway: usize, now: u64) -> (Vec<u8>, bool) {
        let Some(Line { connection, out, receipts, is_over, .. }) = self.lines.get_mut(&gateway)
        else {
            return (Vec::new(), true);
        };
        if *is_over {
            return (mem::take(out), true);
        }
        if self.is_silent {
            return (Vec::new(), false);
        }
        connection.transmit(out, now);
        for (id, queue) in &mut self.queues {
            if queue.consumer != Some(gateway) {
                continue;
            }
            while let Some(stored) = queue.ready.pop_front() {
                self.next_tag += 1;
                let tag = self.next_tag.to_string();
                let message = FrameBuilder::message(id, &tag, &queue.destination).ack(&tag);
                let message = message.headers(&stored.headers).body(&stored.body);
                connection.send(message, out).unwrap();
                queue.unacknowledged.push_back((self.next_tag, stored));
            }
        }
        if !self.delays_receipts {
            for receipt in receipts.drain(..) {
                connection.send(FrameBuilder::receipt_for(&receipt), out).unwrap();
            }
        }
        (mem::take(out), false)
    }

    /// Puts a message of another program in the queues of a destination.
    pub fn publish(&mut self, destination: &str, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let stored = Stored { headers, body: body.into() };
        for queue in self.queues.values_mut().filter(|queue| queue.destination == destination) {
            queue.ready.push_back(stored.clone());
        }
    }

    /// Loses all that it holds.
    pub fn lose_messages(&mut self) {
        for queue in self.queues.values_mut() {
            queue.ready.clear();
            queue.unacknowledged.clear();
        }
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        self.queues.len()
    }

    /// How many frames came that are called so.
    pub fn count(&self, frame: &str) -> usize {
        self.seen.iter().filter(|seen| *seen == frame).count()
    }
}
