//! Tasks that wait for the same thing, in the order in which they came.

use std::collections::{BTreeMap, VecDeque};
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
    /// The one that came first, which mostly is the only one. There are no others without it.
    first: Option<(u64, Waiter)>,
    others: BTreeMap<u64, Waiter>,
    /// How many places were given.
    places: u64,
}

#[derive(Debug)]
struct Waiter {
    waker: Waker,
    /// How much it takes of what they wait for.
    share: usize,
}

/// The place of a future among [`Waiters`], or 0 if it has none. A future that is dropped has to [leave](Waiters::leave) it.
#[derive(Debug, Default)]
pub struct Ticket(u64);

impl Ticket {
    pub fn is_held(&self) -> bool {
        self.0 != 0
    }
}

impl Waiters {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Lets the task wait for its share.
    pub fn register(
        &mut self,
        ticket: &mut Ticket,
        share: usize,
        cx: &Context<'_>,
        woken: &mut VecDeque<Waker>,
    ) {
        if ticket.0 == 0 {
            self.places += 1;
            ticket.0 = self.places;
        }
        match self.get_mut(ticket.0) {
            Some(waiter) if waiter.waker.will_wake(cx.waker()) => {}
            Some(waiter) => {
                woken.push_back(std::mem::replace(&mut waiter.waker, cx.waker().clone()));
            }
            None => self.insert(ticket.0, Waiter { waker: cx.waker().clone(), share }),
        }
    }

    /// Passes on the first ones, to be woken, until what comes is shared out.
    pub fn wake(&mut self, mut share: usize, woken: &mut VecDeque<Waker>) {
        while share > 0
            && let Some((_, waiter)) = self.first.take()
        {
            self.first = self.others.pop_first();
            share = share.saturating_sub(waiter.share);
            woken.push_back(waiter.waker);
        }
    }

    /// Passes on every task, to be woken.
    pub fn wake_all(&mut self, woken: &mut VecDeque<Waker>) {
        self.wake(usize::MAX, woken);
    }

    /// Notes that a future was woken for something that it has taken. One that was not woken keeps its place.
    pub fn used(&mut self, ticket: &mut Ticket) {
        if ticket.is_held() && self.get_mut(ticket.0).is_none() {
            ticket.0 = 0;
        }
    }

    /// Gives up the place of a future. If that was woken, the next one is woken in its stead. Returns a waker to be dropped.
    pub fn leave(&mut self, ticket: &mut Ticket, woken: &mut VecDeque<Waker>) -> Option<Waker> {
        let place = std::mem::take(&mut ticket.0);
        if place == 0 {
            return None;
        }
        let waiter = self.remove(place);
        if waiter.is_none() {
            self.wake(1, woken);
        }
        waiter.map(|waiter| waiter.waker)
    }

    fn get_mut(&mut self, place: u64) -> Option<&mut Waiter> {
        match &mut self.first {
            Some((first, waiter)) if *first == place => Some(waiter),
            _ => self.others.get_mut(&place),
        }
    }

    fn insert(&mut self, place: u64, waiter: Waiter) {
        match &mut self.first {
            None => self.first = Some((place, waiter)),
            Some(first) if place < first.0 => {
                let (second, waiter) = std::mem::replace(first, (place, waiter));
                self.others.insert(second, waiter);
            }
            Some(_) => drop(self.others.insert(place, waiter)),
        }
    }

    fn remove(&mut self, place: u64) -> Option<Waiter> {
        match self.first.take_if(|(first, _)| *first == place) {
            Some((_, waiter)) => {
                self.first = self.others.pop_first();
                Some(waiter)
            }
            None => self.others.remove(&place),
        }
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
