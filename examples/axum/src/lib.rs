//! A WebSocket and a gRPC method on one axum server.
//!
//! axum and hyper speak HTTP. framewright checks the heads that they have read, and its answers go into
//! their `HeaderMap` field by field. This package writes no header by hand.

mod grpc;
mod socket;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::any;
use framewright::http::FieldValue;

/// The routes: a WebSocket that echoes, and a unary call that echoes, in gRPC and in gRPC-Web.
///
/// They accept any method, because the protocols say how to answer a wrong one.
pub fn router() -> Router {
    Router::new().route("/socket", any(socket::open)).route("/echo.Echo/{method}", any(grpc::call))
}

/// A sink that adds each field to `headers`.
pub fn add_to(headers: &mut HeaderMap) -> impl FnMut(&str, FieldValue<'_>) {
    |name, value| {
        let name = HeaderName::try_from(name).expect("the library checks names");
        let value = HeaderValue::try_from(value.to_vec()).expect("the library checks values");
        headers.append(name, value);
    }
}
