//! Sends a message over TLS, and prints the answer: `cargo run --example wss_client -- URL AUTHORITIES MESSAGE`. It trusts
//! the certificates in the file `AUTHORITIES`, which is PEM; `webpki-roots` has those of the web.

use std::error::Error;
use std::sync::Arc;

use framewright_tokio::framewright::ws::Client;
use framewright_tokio::{CloseCode, Options, WebSocket};
use http::Uri;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, authorities, message] = &arguments[..] else {
        return Err("usage: wss_client URL AUTHORITIES MESSAGE".into());
    };
    let mut socket = connect(url, &std::fs::read(authorities)?).await?;
    socket.send(message).await?;
    if let Some(answer) = socket.next().await {
        println!("{:?}", answer?.as_message());
    }
    Ok(socket.close(CloseCode::NORMAL, "").await?)
}

pub async fn connect(
    url: &str,
    authorities: &[u8],
) -> Result<WebSocket<TlsStream<TcpStream>, Client>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let uri: Uri = url.parse()?;
    let host = uri.host().ok_or("the URL has no host")?.trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((&*host, uri.port_u16().unwrap_or(443))).await?;
    stream.set_nodelay(true)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(ServerName::try_from(host)?, stream).await?;
    Ok(Options::new().connect_over(stream, url).await?)
}
