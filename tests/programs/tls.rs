//! `wss`, from end to end.

use std::fs;
use std::path::PathBuf;

use crate::client::Client;
use crate::client::examples::socket::Target;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/wss_client.rs"]
mod wss_client;
#[allow(dead_code)]
#[path = "../../examples/wss_server.rs"]
mod wss_server;

/// For `localhost` and 127.0.0.1, by nobody, and with a key that everybody knows.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUcyuBBW5AnUtBcRnXs0hGvSGf548wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODEyMjMzMFoYDzIxMjYxMTA0
MTIyMzMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQSQelCCjQN+s9Etomcd++AkZDfMeD95nd2oc9O4CCXZbMkNPwnFQTx
lDnKy2BG4cNbCpTluYXYMw+Qnco+53WXo2wwajAdBgNVHQ4EFgQU3A1ZgMas4+Tt
n82Pyf14UCEPuiUwHwYDVR0jBBgwFoAU3A1ZgMas4+Ttn82Pyf14UCEPuiUwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIgMd8m1CJNFLFRBb04t/nyOnR/ELmy5XE4sHb6iJ/Qkt8CIQC8YkNI
uqRDUMs8Bs9zjHg8WmZG5iElv9ZDXc8wOa+imw==
-----END CERTIFICATE-----
";
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2p+MFsHRsv/woLu/
/Lx5ZxnWmL5lxoLh00tvBco2wzGhRANCAAQSQelCCjQN+s9Etomcd++AkZDfMeD9
5nd2oc9O4CCXZbMkNPwnFQTxlDnKy2BG4cNbCpTluYXYMw+Qnco+53WX
-----END PRIVATE KEY-----
";

/// Writes a file that the programs read.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A server, and the file with its certificate.
fn server(name: &str) -> (String, PathBuf) {
    let certificate = file(&format!("{name}-certificate.pem"), CERTIFICATE);
    let config = wss_server::config(&certificate, &file(&format!("{name}-key.pem"), KEY)).unwrap();
    let addr = spawn(move |listener| wss_server::serve(&listener, &config).unwrap());
    (format!("wss://localhost:{}/", addr.port()), certificate)
}

#[test]
fn the_client_talks_to_the_server() {
    let (url, ca) = server("talk");
    let target = wss_client::Target::parse(&url).unwrap();
    let messages = ["one".to_owned(), "two".repeat(50_000)];
    let mut answers = Vec::new();
    let code = wss_client::talk(&target, Some(ca), &messages, |answer| {
        answers.push(String::from_utf8(answer.as_bytes().to_vec()).unwrap());
    });
    assert_eq!((code.unwrap().0, &answers[..]), (1000, &messages[..]));
}

#[test]
fn a_server_without_a_known_authority_is_refused() {
    let (url, _) = server("stranger");
    let target = wss_client::Target::parse(&url).unwrap();
    let refused = wss_client::talk(&target, None, &[], |_| {}).unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
}

#[test]
fn the_socket_of_the_other_clients_has_tls_too() {
    let (url, ca) = server("socket");
    let target = Target::parse(&url).unwrap().with_ca(Some(ca));
    let mut client = Client::open_target(&target, None);
    let long = "x".repeat(1_000_000);
    client.send(&*long);
    client.send("short");
    assert_eq!(client.text(), long);
    assert_eq!(client.text(), "short");
    client.close();
}
