//! A broker of topics, over TCP and over WebSocket on one port.
//!
//! ```text
//! cargo run --example stomp_server -- [--listen ADDR]
//! ```
//!
//! Two threads serve a client. One reads, and gives the bytes to the broker, under a lock. The other writes what the
//! broker has for the client:
//!
//! ```text
//!   client ──▶ read ──▶ Broker ──▶ write ──▶ client
//!                         ▲ │
//!   other clients ────────┘ └────▶ other clients
//! ```

mod alone;
mod broker;
mod link;
mod session;

use std::error::Error;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use alone::Alone;
use broker::Broker;
use link::Link;

/// How long a client may take nothing.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = match (args.next().as_deref(), args.next()) {
        (None, _) => "127.0.0.1:61613".to_owned(),
        (Some("--listen"), Some(address)) => address,
        _ => return Err("the only option is --listen ADDR".into()),
    };
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let shared = Arc::new(Shared {
        broker: Mutex::default(),
        changed: Condvar::new(),
        start: Instant::now(),
    });
    for stream in listener.incoming() {
        // One that is gone already is no reason to end.
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            if let Err(e) = serve(stream, &shared) {
                eprintln!("{e}");
            }
        });
    }
    Ok(())
}

/// What all threads share.
struct Shared {
    broker: Mutex<Broker<Alone>>,
    changed: Condvar,
    start: Instant,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Broker<Alone>> {
        self.broker.lock().expect("nobody panics")
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}

/// Serves a client until its end.
fn serve(stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (link, mut reader) = Link::open(stream.try_clone()?)?;
    let link = Arc::new(link);
    stream.set_read_timeout(None)?; // from here on, the connection has deadlines of its own
    let id = shared.lock().open(shared.now());
    let (its, its_link) = (Arc::clone(shared), Arc::clone(&link));
    thread::spawn(move || {
        if write(&stream, id, &its, &its_link).is_err() {
            // The reader will see the end.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let result = loop {
        match reader.read(&link) {
            Ok(Some(payload)) => {
                shared.lock().receive(id, payload, shared.now());
                shared.changed.notify_all();
            }
            Ok(None) => break Ok(()),
            Err(e) => break Err(e),
        }
    };
    shared.lock().close(id);
    shared.changed.notify_all();
    result
}

/// Writes the output of a session until its end.
fn write(mut stream: &TcpStream, id: u64, shared: &Shared, link: &Link) -> io::Result<()> {
    loop {
        let mut broker = shared.lock();
        let (output, over) = broker.output(id, shared.now());
        let bytes = link.wrap(output, over)?;
        if bytes.is_empty() && !over {
            let left = broker.deadline(id).unwrap_or(u64::MAX).saturating_sub(shared.now());
            let left = PATIENCE.min(Duration::from_millis(left));
            drop(shared.changed.wait_timeout(broker, left).expect("nobody panics"));
            continue;
        }
        drop(broker);
        stream.write_all(&bytes)?;
        if over {
            return stream.shutdown(Shutdown::Write);
        }
    }
}
