//! What a URL names: a server, and what to ask it for.

use std::error::Error;
use std::path::{Path, PathBuf};

use http::Uri;

/// The parts of `ws://`, `wss://`, `http://` or `https://` and the like, or of a plain `HOST:PORT`.
///
/// As in browsers, `ws` and `http` are the same: an address can be copied from where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    is_secure: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    authority: String,
    path: String,
    ca: Option<PathBuf>,
}

#[allow(dead_code, reason = "not every example needs all of it")]
impl Target {
    /// Reads a URL. Its port defaults to 80, with TLS to 443, and its path to `/`.
    pub fn parse(url: &str) -> Result<Self, Box<dyn Error>> {
        let wrong = |why: &str| format!("{url}: {why}");
        // What follows a `#` is the client's own matter.
        let url = url.split('#').next().unwrap_or_default();
        let uri = match url.contains("://") {
            true => url.parse::<Uri>(),
            false => format!("http://{url}").parse(),
        };
        let uri = uri.map_err(|e| wrong(&e.to_string()))?;
        let is_secure = match uri.scheme_str().unwrap_or_default() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(wrong("the URL has to begin with ws, wss, http or https").into()),
        };
        let authority = uri.authority().ok_or_else(|| wrong("there is no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a name and password do not belong in the URL").into());
        }
        let after_host = &authority.as_str()[authority.host().len()..];
        let default = if is_secure { 443 } else { 80 };
        let port = match (after_host, authority.port_u16()) {
            ("" | ":", _) => default,
            (_, Some(port @ 1..)) => port,
            _ => return Err(wrong("that is no port").into()),
        };
        let host = authority.host();
        let shown = match port == default {
            true => host.to_owned(),
            false => format!("{host}:{port}"),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { is_secure, host, port, authority: shown, path, ca: None })
    }

    /// Believes the authorities in this file, in PEM, instead of the well-known ones.
    pub fn with_ca(self, ca: Option<PathBuf>) -> Self {
        Self { ca, ..self }
    }

    /// The same server, asked for something else.
    pub fn with_path(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// Whether the connection has TLS.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// `http` or `https`.
    pub const fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// The name or address of the server, as its certificate has it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where to connect to.
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// What a request has in `Host` or `:authority`: without the port if that is the default.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path and the query.
    pub fn path(&self) -> &str {
        &self.path
    }
}
