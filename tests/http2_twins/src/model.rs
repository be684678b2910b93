//! A stream, as a script knows it.

/// How far one side of a stream has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Half {
    Head,
    Body,
    Closed,
}

/// A stream, as both sides know it.
#[derive(Clone, Debug)]
pub struct Model {
    pub id: u32,
    /// The side of the peer, which the script plays, and that of the end under test.
    pub peer: Half,
    pub own: Half,
    /// How much of a body with a `content-length` is to come.
    pub left: Option<usize>,
    pub is_head_request: bool,
    pub reset_by_peer: bool,
    pub reset_by_end: bool,
    /// What the end may send, and what waits for that.
    pub window: i64,
    pub pending: usize,
}

impl Model {
    pub fn new(id: u32, peer: Half, own: Half, window: i64) -> Self {
        Self {
            id,
            peer,
            own,
            left: None,
            is_head_request: false,
            reset_by_peer: false,
            reset_by_end: false,
            window,
            pending: 0,
        }
    }

    pub fn is_reset(&self) -> bool {
        self.reset_by_peer || self.reset_by_end
    }

    pub fn is_open(&self) -> bool {
        !self.is_reset() && (self.peer, self.own) != (Half::Closed, Half::Closed)
    }
}
