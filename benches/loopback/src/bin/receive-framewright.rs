//! Our receiver. All connections read to one buffer, and long messages to their place.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use framewright::ws::{Connection, Inbox, Limits, MessageEvent, Server};
use framewright_loopback::Receipt;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

thread_local! {
    /// What all connections read to: nothing stays in it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes the length of the buffer, in KiB, and whether the rest of a long message is read to its place.
fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [len, to_target] = &arguments[..] else { panic!("takes a length and a boolean") };
    let to_target = to_target.parse().expect("a boolean");
    BUFFER.set(vec![0; len.parse::<usize>().expect("a length in KiB") << 10]);
    framewright_loopback::serve(move |mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let _ = receive(stream, to_target).await;
    })
}

async fn receive(mut stream: TcpStream, to_target: bool) -> io::Result<()> {
    let mut receiver = Receiver {
        connection: Connection::server(Limits::new()),
        inbox: Inbox::new(Vec::new()),
        receipt: Receipt::default(),
        to_target,
        out: Vec::new(),
    };
    while poll_fn(|cx| receiver.poll_read(&mut stream, cx)).await? > 0 {
        if !receiver.out.is_empty() {
            stream.write_all(&receiver.out).await?;
            receiver.out.clear();
        }
    }
    Ok(())
}

struct Receiver {
    connection: Connection<Server>,
    inbox: Inbox<Vec<u8>>,
    receipt: Receipt,
    to_target: bool,
    out: Vec<u8>,
}

impl Receiver {
    /// Reads, and receives what was read. Returns the number of bytes.
    fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Self { connection, inbox, receipt, to_target, out } = self;
        BUFFER.with_borrow_mut(|buffer| {
            let target =
                if *to_target { connection.read_target(buffer, inbox) } else { &mut *buffer };
            let mut read = ReadBuf::new(target);
            ready!(Pin::new(stream).poll_read(cx, &mut read))?;
            let len = read.filled().len();
            let mut input = inbox.filled(buffer, len);
            while let Some(event) = connection.receive_message(&mut input, inbox) {
                if let MessageEvent::Message(_) = event
                    && let Some(answer) = receipt.note(inbox.message().as_bytes())
                {
                    connection.send(&answer, out).map_err(io::Error::other)?;
                }
            }
            connection.transmit(out);
            Poll::Ready(Ok(len))
        })
    }
}
