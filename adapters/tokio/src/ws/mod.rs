//! WebSockets: the opening handshake at both ends, and the open socket.

mod accept;
#[cfg(feature = "axum")]
pub(crate) mod axum;
mod closing;
mod connect;
mod halves;
#[cfg(feature = "hyper")]
pub(crate) mod hyper;
mod options;
mod output;
mod prepared;
mod socket;
mod timer;
mod transfer;

pub use closing::Closing;
pub use options::Options;
pub use prepared::{Prepared, Preparer};
pub use socket::WebSocket;
