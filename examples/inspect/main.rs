//! Shows what went over a wire, frame by frame: WebSocket, SSE, gRPC, HTTP/1.1, HTTP/2, STOMP, Engine.IO, Socket.IO.
//!
//! ```console
//! $ cargo run --example inspect -- capture.pcapng
//! $ xxd request.bin | cargo run --example inspect -- --client
//! ```

mod inspector;
mod options;

use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("inspect: {error}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        // A pager was left.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inspect: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> io::Result<u64> {
    let input: Box<dyn Read + Send> = match options.file {
        Some(file) => Box::new(File::open(file)?),
        None => Box::new(io::stdin()),
    };
    inspector::inspect(input, options.settings, &mut BufWriter::new(io::stdout().lock()))
}
