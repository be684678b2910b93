//! A chat room, whose members come by several protocols.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

/// The longest message in the room, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// A chat room. Each protocol has an [`Ear`] in it, and its own members.
#[derive(Clone, Default)]
pub struct Room(Rc<RefCell<Vec<Heard>>>);

/// What one ear has heard, and not taken.
type Heard = Rc<RefCell<Vec<Rc<str>>>>;

/// The members of a room that come by one protocol.
pub struct Ear {
    room: Room,
    heard: Heard,
}

impl Room {
    /// Lets the members of another protocol in.
    pub fn enter(&self) -> Ear {
        let heard = Heard::default();
        self.0.borrow_mut().push(Rc::clone(&heard));
        Ear { room: self.clone(), heard }
    }
}

impl Ear {
    /// Says something to everybody else in the room. Returns `false` if it is too long, and nobody hears it.
    pub fn say(&self, text: &str) -> bool {
        if text.len() > MAX_MESSAGE {
            return false;
        }
        let text = Rc::from(text);
        for heard in self.room.0.borrow().iter().filter(|heard| !Rc::ptr_eq(heard, &self.heard)) {
            heard.borrow_mut().push(Rc::clone(&text));
        }
        true
    }

    /// Takes what the others have said since the last time.
    pub fn take(&self) -> Vec<Rc<str>> {
        mem::take(&mut self.heard.borrow_mut())
    }
}
