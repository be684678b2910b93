//! An empty list of peers, for builds without them.

use std::rc::Rc;

use bytes::Bytes;

use super::Contestant;
use crate::wire::Wire;

pub const fn receive(_: &Rc<Wire>, _: usize) -> [Contestant; 0] {
    []
}

pub const fn for_growth(_: &Rc<Wire>) -> [Contestant; 0] {
    []
}

pub const fn send(_: &Rc<[Bytes]>, _: bool) -> [Contestant; 0] {
    []
}

pub const fn handshake(_: &'static [u8]) -> [Contestant; 0] {
    []
}

pub const fn sse(_: &Rc<Wire>) -> [Contestant; 0] {
    []
}

pub const fn stomp(_: &Rc<Wire>) -> [Contestant; 0] {
    []
}

pub const fn socketio_decode(_: &Rc<[String]>) -> [Contestant; 0] {
    []
}

pub const fn socketio_encode(_: &Rc<[String]>) -> [Contestant; 0] {
    []
}

pub const fn grpc_decode(_: &Rc<Wire>) -> [Contestant; 0] {
    []
}

pub const fn grpc_encode(_: &Rc<[Bytes]>) -> [Contestant; 0] {
    []
}

pub const fn deflate(_: &Rc<[Bytes]>, _: u8) -> [Contestant; 0] {
    []
}

pub const fn inflate(_: &Rc<Wire>) -> [Contestant; 0] {
    []
}
