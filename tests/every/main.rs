//! What holds for every protocol alike.

#[path = "../common/mod.rs"]
mod common;

mod arbitrary;
mod errors;
mod lengths;
mod sessions;
mod sizes;
