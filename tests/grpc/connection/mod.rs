//! `grpc::Server` and `grpc::Client`: whole connections.

mod any;
mod calls;
mod ends;
mod pair;
mod windows;
