//! `grpc::Server` and `grpc::Client`: whole connections.

mod any;
mod batch;
mod calls;
mod ends;
mod faults;
mod faults_of_servers;
mod output;
mod pair;
mod windows;
