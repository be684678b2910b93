//! What holds for every protocol.

#[path = "../common/mod.rs"]
mod common;

mod arbitrary;
mod documented;
mod errors;
mod lengths;
mod peer_sees;
mod rooms;
mod sessions;
mod sizes;
