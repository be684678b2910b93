//! Sends every message back, over TLS: `cargo run --example wss_server -- CERTIFICATE KEY [ADDRESS]`, with files of PEM.
//! TLS comes first, with a time-out of its own; the WebSocket is accepted on its stream.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use framewright_tokio::WebSocket;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(certificate), Some(key)) = (arguments.next(), arguments.next()) else {
        return Err("usage: wss_server CERTIFICATE KEY [ADDRESS]".into());
    };
    let acceptor = acceptor(&std::fs::read(certificate)?, &std::fs::read(key)?)?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8443".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on wss://{}", listener.local_addr()?);
    Ok(serve(listener, acceptor).await?)
}

/// `certificate` is a chain, and both are PEM.
pub fn acceptor(certificate: &[u8], key: &[u8]) -> Result<TlsAcceptor> {
    let chain =
        CertificateDer::pem_slice_iter(certificate).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key)?)?;
    // A browser that could have HTTP/2 would not ask for a WebSocket as we expect it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async {
            if let Err(error) = echo(stream, acceptor).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> Result<()> {
    stream.set_nodelay(true)?;
    let stream = timeout(Duration::from_secs(10), acceptor.accept(stream)).await??;
    let mut socket = WebSocket::accept(stream).await?;
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}
