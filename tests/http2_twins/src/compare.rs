//! Plays a script to an end of ours and to another, and compares what they say and write after every step.

use std::collections::BTreeMap;

use crate::differences::{Peer, known};
use crate::end::{End, Seen, Turn};
use crate::http2_peer::{DATA, frames};
use crate::script::{Action, GOODBYE, Script, Step};
use crate::written::{Reader, Said, Written};

/// What an end did about a fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// Nothing.
    Fine,
    /// It reset a stream, with this code.
    Reset(u32),
    /// It ended the connection, with this code.
    GoAway(u32),
}

/// How far a script went.
pub enum Outcome {
    /// Both did the same, to its end.
    Same,
    /// They differed, in a way that is known and right.
    Known(&'static str),
}

/// An end, and what is known of it.
struct Played<'a> {
    end: &'a mut dyn End,
    reader: Reader,
    ledger: Ledger,
    sent: usize,
}

/// What the end has granted, and what it got.
#[derive(Default)]
struct Ledger {
    received: BTreeMap<u32, i64>,
    granted: BTreeMap<u32, i64>,
    /// What was granted to in the newest turn.
    newest: Vec<u32>,
}

/// Plays the script to both.
///
/// # Errors
///
/// A difference that is not known.
pub fn compare<'a>(
    script: &Script,
    peer: Peer,
    ours: &'a mut dyn End,
    theirs: &'a mut dyn End,
) -> Result<Outcome, String> {
    let [mut ours, mut theirs] = [ours, theirs].map(|end| Played {
        end,
        reader: Reader::new(),
        ledger: Ledger::default(),
        sent: 0,
    });
    for step in &script.steps {
        let (mut our, mut their) = (ours.play(step), theirs.play(step));
        if step.name == GOODBYE {
            for seen in [&mut our.0, &mut their.0] {
                seen.retain(|seen| matches!(seen, Seen::GoAway { .. }));
            }
        }
        let differ = |what: &str, ours: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
            Err(format!("{what}, after {}:\n  ours   {ours:?}\n  theirs {theirs:?}", step.name))
        };
        let reactions = [&our.1.said, &their.1.said].map(Said::reaction);
        if let Some(sentence) = known(peer, step.name, reactions[0], reactions[1]) {
            return Ok(Outcome::Known(sentence));
        }
        if reactions[0] != reactions[1] {
            return differ("another reaction", &reactions[0], &reactions[1]);
        }
        if step.is_fault {
            return Ok(Outcome::Same);
        }
        if our.1.said != their.1.said {
            return differ("another answer", &our.1.said, &their.1.said);
        }
        if our.0 != their.0 {
            return differ("another event", &our.0, &their.0);
        }
        if our.1.heads != their.1.heads {
            return differ("another head", &our.1.heads, &their.1.heads);
        }
        if our.1.data != their.1.data {
            return differ("another body", &our.1.data, &their.1.data);
        }
        for (name, played) in [("ours", &ours), ("theirs", &theirs)] {
            if i64::try_from(played.sent) != Ok(step.sent) {
                return Err(format!(
                    "{name} sent {}, not {}, after {}",
                    played.sent, step.sent, step.name
                ));
            }
            played.ledger.check().map_err(|what| format!("{name}: {what}, after {}", step.name))?;
        }
        ours.ledger.check_exactly().map_err(|what| format!("ours: {what}, after {}", step.name))?;
    }
    Ok(Outcome::Same)
}

impl Played<'_> {
    fn play(&mut self, step: &Step) -> (Vec<Seen>, Written) {
        match &step.action {
            Action::Call(call) => self.end.call(call),
            Action::Frames(bytes) => {
                self.end.receive(bytes);
                let start = bytes
                    .windows(24)
                    .next()
                    .is_some_and(|start| start == crate::http2_peer::PREFACE);
                for frame in frames(&bytes[if start { 24 } else { 0 }..]) {
                    if frame.kind == DATA {
                        for id in [0, frame.stream] {
                            *self.ledger.received.entry(id).or_default() +=
                                frame.payload.len() as i64;
                        }
                    }
                }
            }
        }
        let Turn { seen, wrote } = self.end.take();
        let written = self.reader.read(&wrote);
        for (stream, increment) in &written.grants {
            *self.ledger.granted.entry(*stream).or_default() += i64::from(*increment);
        }
        self.ledger.newest = written.grants.iter().map(|(stream, _)| *stream).collect();
        self.sent += written.data.values().map(|(len, _)| len).sum::<usize>();
        (seen, written)
    }
}

impl Ledger {
    /// A grant makes up for all that came, padding included: frames arrive whole here.
    fn check_exactly(&self) -> Result<(), String> {
        let sum = |of: &BTreeMap<u32, i64>, id| of.get(&id).copied().unwrap_or_default();
        let is_wrong = |id: &&u32| sum(&self.granted, **id) != sum(&self.received, **id);
        match self.newest.iter().find(is_wrong) {
            Some(id) => Err(format!("a grant to {id} does not make up for what came")),
            None => Ok(()),
        }
    }

    /// What was received is granted again before half of the window is used up, and never more. What a stream that is
    /// over gets is granted by the connection alone (§5.4.2, §6.9).
    fn check(&self) -> Result<(), String> {
        const WINDOW: i64 = 65_535;
        let granted = |id| self.granted.get(&id).copied().unwrap_or_default();
        let open = WINDOW + granted(0) - self.received.get(&0).copied().unwrap_or_default();
        // The end may wait for half of it, and a frame more.
        if !(WINDOW / 2 - 16_384..=WINDOW).contains(&open) {
            return Err(format!("the connection's window is {open}"));
        }
        match self.received.iter().find(|(id, received)| granted(**id) > **received) {
            Some((id, received)) => {
                Err(format!("stream {id} got {received}, and was granted {}", granted(*id)))
            }
            None => Ok(()),
        }
    }
}

impl Said {
    fn reaction(&self) -> Reaction {
        match (self.goaway, self.resets.values().next()) {
            (Some(code), _) => Reaction::GoAway(code),
            (None, Some(code)) => Reaction::Reset(*code),
            (None, None) => Reaction::Fine,
        }
    }
}
