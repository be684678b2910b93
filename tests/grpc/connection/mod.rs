//! `grpc::Server` and `grpc::Client`: whole connections.

mod calls;
mod ends;
mod pair;
mod windows;
