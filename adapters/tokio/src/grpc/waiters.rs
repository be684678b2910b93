//! Tasks that wait for the same thing, in the order in which they came.

use std::collections::{BTreeMap, VecDeque, btree_map};
use std::task::{Context, Waker};

/// Tasks that wait for the same thing, in the order in which they came.
///
/// ```text
///                                     leave(), and the next one is woken
///                                     ┌───────────────────────────────┐
///             register()              │    used(): it has what        ▼
///     none ──────────────▶ waiting ───┴──▶ woken ──────────────────▶ none
///                            ▲ │  wake()     │    it waited for         ▲
///                            │ └─────────────┼──────────────────────────┘
///                            │   leave()     │
///                            └───────────────┘
///                  register(): in vain, and so it has its old place
/// ```
///
/// A waker runs code of others. So none is woken or dropped here, where a lock is held: wakers are only passed on.
#[derive(Debug, Default)]
pub struct Waiters {
    waiting: BTreeMap<u64, Waiter>,
    /// How many places were given.
    places: u64,
}

#[derive(Debug)]
struct Waiter {
    waker: Waker,
    /// How much it takes of what they wait for.
    share: usize,
}

/// The place of a future among [`Waiters`], if it has one. A future that is dropped has to [leave](Waiters::leave) it.
#[derive(Debug, Default)]
pub struct Ticket(Option<u64>);

impl Ticket {
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl Waiters {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets the task wait for its share.
    pub fn register(
        &mut self,
        ticket: &mut Ticket,
        share: usize,
        cx: &Context<'_>,
        woken: &mut VecDeque<Waker>,
    ) {
        let place = *ticket.0.get_or_insert_with(|| {
            self.places += 1;
            self.places
        });
        match self.waiting.entry(place) {
            btree_map::Entry::Vacant(free) => {
                free.insert(Waiter { waker: cx.waker().clone(), share });
            }
            btree_map::Entry::Occupied(waiter) if waiter.get().waker.will_wake(cx.waker()) => {}
            btree_map::Entry::Occupied(mut waiter) => {
                let waiter = waiter.get_mut();
                woken.push_back(std::mem::replace(&mut waiter.waker, cx.waker().clone()));
                waiter.share = share;
            }
        }
    }

    /// Passes on the first ones, to be woken, until what comes is shared out.
    pub fn wake(&mut self, mut share: usize, woken: &mut VecDeque<Waker>) {
        while share > 0
            && let Some((_, waiter)) = self.waiting.pop_first()
        {
            share = share.saturating_sub(waiter.share);
            woken.push_back(waiter.waker);
        }
    }

    /// Passes on every task, to be woken.
    pub fn wake_all(&mut self, woken: &mut VecDeque<Waker>) {
        self.wake(usize::MAX, woken);
    }

    /// Notes that a future was woken for something that it has taken. One that was not woken keeps its place.
    pub fn used(&self, ticket: &mut Ticket) {
        if ticket.0.is_some_and(|place| !self.waiting.contains_key(&place)) {
            ticket.0 = None;
        }
    }

    /// Gives up the place of a future. If that was woken, the next one is woken in its stead. Returns a waker to be dropped.
    pub fn leave(&mut self, ticket: &mut Ticket, woken: &mut VecDeque<Waker>) -> Option<Waker> {
        let waiter = self.waiting.remove(&ticket.0.take()?);
        if waiter.is_none() {
            self.wake(1, woken);
        }
        waiter.map(|waiter| waiter.waker)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waiters with shares of 1, and what shows that they were woken.
    fn line(len: usize) -> (Waiters, Vec<(Ticket, Arc<Count>)>) {
        let mut waiters = Waiters::default();
        let all = (0..len).map(|_| {
            let count = Arc::new(Count(AtomicU32::new(0)));
            let mut ticket = Ticket::default();
            let waker = Waker::from(Arc::clone(&count));
            waiters.register(&mut ticket, 1, &Context::from_waker(&waker), &mut VecDeque::new());
            (ticket, count)
        });
        let all = all.collect();
        (waiters, all)
    }

    fn wake(mut woken: VecDeque<Waker>, all: &[(Ticket, Arc<Count>)]) -> Vec<u32> {
        woken.drain(..).for_each(Waker::wake);
        all.iter().map(|(_, count)| count.0.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn the_first_are_woken_until_all_is_shared_out() {
        let (mut waiters, all) = line(4);
        let mut woken = VecDeque::new();
        waiters.wake(2, &mut woken);
        assert_eq!(wake(woken, &all), [1, 1, 0, 0]);
        let mut woken = VecDeque::new();
        waiters.wake_all(&mut woken);
        assert_eq!(wake(woken, &all), [1, 1, 1, 1]);
        assert!(waiters.is_empty());
    }

    #[test]
    fn one_that_is_woken_and_leaves_wakes_the_next() {
        let (mut waiters, mut all) = line(3);
        let mut woken = VecDeque::new();
        waiters.wake(1, &mut woken);
        assert!(waiters.leave(&mut all[0].0, &mut woken).is_none());
        assert_eq!(wake(woken, &all), [1, 1, 0]);
        // One that still waits just leaves.
        let mut woken = VecDeque::new();
        assert!(waiters.leave(&mut all[2].0, &mut woken).is_some());
        assert!(woken.is_empty() && waiters.is_empty());
    }

    #[test]
    fn one_that_is_woken_in_vain_has_its_old_place() {
        let (mut waiters, mut all) = line(2);
        let mut woken = VecDeque::new();
        waiters.wake(1, &mut woken);
        let waker = Waker::from(Arc::clone(&all[0].1));
        let cx = Context::from_waker(&waker);
        waiters.register(&mut all[0].0, 1, &cx, &mut woken);
        waiters.wake(1, &mut woken);
        assert_eq!(wake(woken, &all), [2, 0]);
        waiters.used(&mut all[0].0);
        waiters.used(&mut all[1].0);
        assert_eq!([all[0].0.is_held(), all[1].0.is_held()], [false, true]);
    }
}
