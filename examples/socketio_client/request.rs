//! One request, and its answer as it comes.

use std::error::Error;
use std::io::{Read, Write};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use framewright::engineio::ClientRequest;
use framewright::http1::{BodyDecoder, Decoded, HeadReader, Limits, RequestWriter};

use crate::Input;
use crate::client::socket::{Socket, Target};

/// How long connecting and writing may take. How long an answer may take is the session's matter.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a request, and passes on the answer.
///
/// It has a connection of its own. A server may close one that has been idle at any time, and a request that was sent
/// meanwhile is lost, and the session with it.
pub fn run(request: ClientRequest, target: &Target, body: &[u8], inputs: &SyncSender<Input>) {
    if let Err(e) = exchange(request, target, body, inputs) {
        eprintln!("{}: {e}", request.method());
        // The other end is gone if the session is over.
        let _ = inputs.send(Input::RequestLost(request));
    }
}

fn exchange(
    request: ClientRequest,
    target: &Target,
    body: &[u8],
    inputs: &SyncSender<Input>,
) -> Result<(), Box<dyn Error>> {
    let mut stream = Socket::connect(target, &[b"http/1.1"], PATIENCE)?;
    let mut out = Vec::new();
    let writer = RequestWriter::new(request.method(), target.path(), target.authority())
        .headers(request.headers());
    match request {
        ClientRequest::Get => writer.write(&mut out)?,
        ClientRequest::Post => writer.body(body).write(&mut out)?,
    }
    stream.write_all(&out)?;
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let mut decoder: Option<BodyDecoder> = None;
    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            decoder.as_ref().ok_or("no answer")?.check_eof()?;
            inputs.send(Input::EndOfBody(request))?;
            return Ok(());
        }
        let mut input = &mut buf[..n];
        while decoder.is_none() {
            let Some(response) = reader.read_response(&mut input)? else { break };
            if !response.is_interim() {
                let body = response.body_for(request.method())?;
                decoder = Some(BodyDecoder::new_response(body, Limits::new()));
                inputs.send(Input::Head(request, response.status()))?;
            }
        }
        let Some(decoder) = &mut decoder else { continue };
        loop {
            match decoder.decode(&mut input)? {
                Decoded::Part(part) => inputs.send(Input::Body(request, part.bytes.to_vec()))?,
                Decoded::NeedMore => break,
                Decoded::Complete => {
                    inputs.send(Input::EndOfBody(request))?;
                    return Ok(());
                }
            }
        }
    }
}
