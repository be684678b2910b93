//! Gateways with clients, on one broker. Time and bytes move only when a test says so.

use std::mem;

use framewright::stomp::{Client, Command, Connection, FrameBuilder, FrameEvent, Inbox, Limits};

use crate::broker::Broker;
use crate::model::Model;
use crate::relay::{Relay, Settings};

/// How much gateways hold for the broker, in bytes.
pub const HELD_BYTES: usize = 20_000;
/// Longer than any wait before the next attempt to connect.
pub const LONG: u64 = 16_000;

pub struct World {
    pub now: u64,
    pub model: Model,
    pub gateways: Vec<Gateway>,
    /// Whether gateways can connect.
    pub is_broker_up: bool,
}

pub struct Gateway {
    pub broker: Broker<Option<Relay>>,
    pub clients: Vec<Member>,
    is_connected: bool,
    to_broker: Vec<u8>,
    from_broker: Vec<u8>,
    /// Whether the broker ends the connection after `from_broker`.
    is_over: bool,
}

/// A client of a gateway.
pub struct Member {
    id: u64,
    connection: Connection<Client>,
    inbox: Inbox<Vec<u8>>,
    pub received: Vec<String>,
    pub receipts: Vec<String>,
    pub errors: Vec<String>,
    /// Headers of the last message.
    pub headers: Vec<(String, String)>,
}

impl World {
    pub fn new(gateways: usize, clients: usize) -> Self {
        let gateways = (0..gateways).map(|at| {
            let settings = Settings {
                login: None,
                host: "/".to_owned(),
                held_bytes: HELD_BYTES,
                name: format!("g{at}"),
            };
            let mut gateway = Gateway {
                broker: Broker::default(),
                clients: Vec::new(),
                is_connected: false,
                to_broker: Vec::new(),
                from_broker: Vec::new(),
                is_over: false,
            };
            gateway.broker.upstream = Some(Relay::new(settings));
            (0..clients).for_each(|_| gateway.join());
            gateway
        });
        let gateways = gateways.collect();
        let mut world = Self { now: 0, model: Model::default(), gateways, is_broker_up: true };
        world.settle();
        world
    }

    /// Lets everything happen that can happen at this time.
    pub fn settle(&mut self) {
        while (0..self.gateways.len()).fold(false, |moved, at| self.step(at, usize::MAX) | moved) {}
    }

    /// Lets time pass, long enough for gateways to connect, and settles.
    pub fn wait(&mut self) {
        // One whose attempt fails makes another.
        for _ in 0..8 {
            self.now += LONG;
            self.settle();
        }
    }

    /// Moves at most `len` bytes in each direction between a gateway and the broker. Returns whether anything moved.
    pub fn step(&mut self, at: usize, len: usize) -> bool {
        let Self { now, model, gateways, is_broker_up } = self;
        let (gateway, now) = (&mut gateways[at], *now);
        let Some(relay) = &mut gateway.broker.upstream else { return false };
        if *is_broker_up && relay.wants_transport(now) {
            relay.connecting(now);
            model.connect(at, now);
            gateway.is_connected = true;
        }
        let mut moved = false;
        if gateway.is_connected {
            let pending = gateway.to_broker.len();
            let sent = relay.transmit(&mut gateway.to_broker, pending, now);
            let there: Vec<u8> = take_front(&mut gateway.to_broker, len);
            moved |= !there.is_empty();
            model.receive(at, &there, now);
            let (back, is_over) = model.transmit(at, now);
            gateway.from_broker.extend(back);
            gateway.is_over |= is_over;
            let back = take_front(&mut gateway.from_broker, len);
            moved |= !back.is_empty();
            let received = relay.receive(&back, now);
            if sent.is_err()
                || received.is_err()
                || (gateway.is_over && gateway.from_broker.is_empty())
            {
                self.cut(at);
                moved = true;
            }
        }
        self.gateways[at].tell();
        self.gateways[at].listen(now);
        moved
    }

    /// Breaks the connection of a gateway. What was on its way is gone.
    pub fn cut(&mut self, at: usize) {
        let gateway = &mut self.gateways[at];
        if mem::take(&mut gateway.is_connected) {
            gateway.to_broker.clear();
            gateway.from_broker.clear();
            gateway.is_over = false;
            let relay = gateway.broker.upstream.as_mut().expect("it has one");
            relay.disconnected(self.now, self.now * 7);
            self.model.disconnect(at);
        }
    }

    /// Stops the broker, which keeps what it holds.
    pub fn stop(&mut self) {
        self.is_broker_up = false;
        (0..self.gateways.len()).for_each(|at| self.cut(at));
    }

    pub fn start(&mut self) {
        self.is_broker_up = true;
    }

    pub fn client(&mut self, gateway: usize, client: usize) -> &mut Member {
        &mut self.gateways[gateway].clients[client]
    }

    /// Sends a frame of a client, and settles.
    pub fn send(&mut self, gateway: usize, client: usize, frame: FrameBuilder<'_>) {
        self.gateways[gateway].send(client, frame, self.now);
        self.settle();
    }

    /// Sends a text of a client to a topic, and settles.
    pub fn say(&mut self, gateway: usize, client: usize, topic: &str, text: &str) {
        let frame = FrameBuilder::send(topic).receipt(text).body(text.as_bytes());
        self.send(gateway, client, frame);
    }

    /// Subscribes all clients to a topic.
    pub fn subscribe_all(&mut self, topic: &str) {
        for gateway in 0..self.gateways.len() {
            for client in 0..self.gateways[gateway].clients.len() {
                self.send(gateway, client, FrameBuilder::subscribe(topic, topic));
            }
        }
    }

    /// What all clients received, those of each gateway in a line.
    pub fn received(&mut self) -> Vec<Vec<Vec<String>>> {
        let take = |client: &mut Member| mem::take(&mut client.received);
        let gateways = self.gateways.iter_mut();
        gateways.map(|gateway| gateway.clients.iter_mut().map(take).collect()).collect()
    }
}

impl Gateway {
    /// Connects a client.
    fn join(&mut self) {
        let id = self.broker.open(0);
        let connection = Connection::client(Limits::new(), 0);
        let mut member = Member {
            id,
            connection,
            inbox: Inbox::new(Vec::new()),
            received: Vec::new(),
            receipts: Vec::new(),
            errors: Vec::new(),
            headers: Vec::new(),
        };
        let mut out = Vec::new();
        member.connection.connect(FrameBuilder::connect("here"), &mut out).unwrap();
        self.broker.receive(id, &out, 0);
        self.clients.push(member);
        self.listen(0);
    }

    pub fn leave(&mut self, client: usize) {
        self.broker.close(self.clients[client].id);
    }

    pub fn send(&mut self, client: usize, frame: FrameBuilder<'_>, now: u64) {
        let mut out = Vec::new();
        let Member { id, connection, .. } = &mut self.clients[client];
        connection.send(frame, &mut out).unwrap();
        self.broker.receive(*id, &out, now);
    }

    /// Receives bytes of a client.
    pub fn receive(&mut self, client: usize, bytes: &[u8]) {
        self.broker.receive(self.clients[client].id, bytes, 0);
    }

    fn tell(&mut self) {
        let relay = self.broker.upstream.as_mut().expect("it has one");
        for news in relay.take_news() {
            self.broker.tell(&news);
        }
    }

    /// Lets clients receive what there is for them.
    fn listen(&mut self, now: u64) {
        for client in &mut self.clients {
            let (bytes, _) = self.broker.output(client.id, now);
            client.listen(&bytes, now);
        }
    }
}

impl Member {
    fn listen(&mut self, mut input: &[u8], now: u64) {
        while let Some(event) = self.connection.receive_frame(&mut input, &mut self.inbox, now) {
            let (headers, body) = (self.inbox.headers(), self.inbox.body());
            let get = |name: &str| headers.get(name).unwrap_or_default().to_owned();
            match event {
                FrameEvent::Frame(Command::Connected) => {}
                FrameEvent::Frame(Command::Message) => {
                    self.received.push(String::from_utf8(body.to_vec()).unwrap());
                    self.headers = headers.iter().map(|(a, b)| (a.into(), b.into())).collect();
                }
                FrameEvent::Frame(Command::Receipt) => self.receipts.push(get("receipt-id")),
                FrameEvent::Frame(Command::Error) => {
                    self.errors.push(format!("{}: {}", get("message"), get("receipt-id")));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn take_front(bytes: &mut Vec<u8>, len: usize) -> Vec<u8> {
    bytes.drain(..len.min(bytes.len())).collect()
}
