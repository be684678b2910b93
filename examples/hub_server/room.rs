//! A chat room of one hub.

use std::cell::RefCell;
use std::rc::Rc;

use crate::hub::Room;

/// What was said and not heard.
#[derive(Default)]
pub struct OwnRoom(RefCell<Vec<Rc<str>>>);

impl Room for OwnRoom {
    fn say(&self, text: &str) -> Result<(), &'static str> {
        self.0.borrow_mut().push(text.into());
        Ok(())
    }

    fn hear(&self) -> Vec<Rc<str>> {
        self.0.take()
    }
}
