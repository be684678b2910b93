//! Fields that are in a table: they have to keep the same rules as those that are written out (RFC 9113 §8.3,
//! RFC 7541 §2.3.3).

use framewright::http::NO_FIELDS;
use framewright::http2::{Client, Request, Server, Side};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::{collection, sample};

use super::common::hpack::STATIC_TABLE;
use super::common::http2_peer::{
    END_HEADERS, END_STREAM, GET, HEADERS, List, OK, POST, block, frame, headers,
};
use super::common::http2_session::{Seen, Session, client, server};
use super::messages::{Case, REQUESTS, RESPONSES, TRAILERS};

/// What a peer writes out, and what it has put in its table: the newest entry comes first.
struct Writer {
    table: Vec<(&'static str, &'static str)>,
    max_size: usize,
}

impl Writer {
    const fn new() -> Self {
        Self { table: Vec::new(), max_size: 4096 }
    }

    /// Changes the size of the table (RFC 7541 §6.3). It has to be at the start of a block.
    fn resize(&mut self, size: u8) -> Vec<u8> {
        self.max_size = size.into();
        self.evict();
        match size.checked_sub(31) {
            None => vec![0x20 | size],
            Some(rest @ ..128) => vec![0x3F, rest],
            Some(rest) => vec![0x3F, rest, 1],
        }
    }

    /// A field: written out, put in the table as well, or the index that it has there or in the static table.
    fn field(&mut self, field: (&'static str, &'static str), how: u8) -> Vec<u8> {
        let found = self.table.iter().position(|entry| *entry == field);
        if how % 8 > 5
            && let Some(at) = STATIC_TABLE.iter().position(|entry| *entry == field)
        {
            return vec![0x81 + at as u8];
        }
        match (how % 8, found) {
            (0, _) => block(&[field]),
            (2.., Some(at)) if at < 127 - 62 => vec![0x80 | (62 + at as u8)],
            _ => {
                self.table.insert(0, field);
                self.evict();
                let mut bytes = block(&[field]);
                bytes[0] = 0x40;
                bytes
            }
        }
    }

    fn evict(&mut self) {
        let size = |table: &[(&str, &str)]| -> usize {
            table.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
        };
        while size(&self.table) > self.max_size {
            self.table.pop();
        }
    }
}

/// An end that goes on to the next stream.
trait End: Side + Sized {
    fn session() -> Session<Self>;

    /// Makes the end wait for a head on the stream, or for trailers.
    fn expect(session: &mut Session<Self>, stream: u32, trailers: bool);
}

impl End for Server {
    fn session() -> Session<Self> {
        server()
    }

    fn expect(session: &mut Session<Self>, stream: u32, trailers: bool) {
        if trailers {
            session.receive(&headers(stream, 0, POST));
        }
    }
}

impl End for Client {
    fn session() -> Session<Self> {
        client()
    }

    fn expect(session: &mut Session<Self>, stream: u32, trailers: bool) {
        if stream > 3 {
            let request = Request::new("POST", "http", "a.example", "/");
            session.h2.open(request, NO_FIELDS, false, &mut session.out).expect("it may");
        }
        if trailers {
            session.receive(&headers(stream, 0, OK));
        }
    }
}

/// The first time, the fields are put in the table, on a stream where they may break rules. From then on they are all in
/// it, and each time the end says the same as of fields that are written out.
fn check<R: End>(case: &Case, trailers: bool) {
    let mut session = R::session();
    session.open();
    let mut writer = Writer::new();
    for stream in [1, 3, 5, 7] {
        let how = if stream == 1 { 1 } else { 2 };
        let bytes = case.fields.iter().flat_map(|field| writer.field(*field, how));
        let bytes: Vec<u8> = bytes.collect();
        assert!(stream == 1 || bytes.len() == case.fields.len(), "all are in the table");
        R::expect(&mut session, stream, trailers && stream > 1);
        session.seen.clear();
        session.receive(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &bytes));
        let error = match &session.seen[..] {
            [Seen::StreamFailed { error, .. }] => Some(*error),
            [Seen::Head { end: true, .. } | Seen::Trailers { .. }] => None,
            other => panic!("{other:?}"),
        };
        if stream > 1 {
            assert_eq!(error, case.error, "{}: {:?} on {stream}", case.source, case.fields);
        }
    }
}

/// §8.1.1, §8.2.1, §8.2.2, §8.3, §8.3.1, §8.3.2, §8.5.
#[test]
fn fields_of_a_table_keep_the_rules() {
    for case in REQUESTS {
        check::<Server>(case, false);
    }
    for case in RESPONSES {
        check::<Client>(case, false);
    }
    for case in TRAILERS {
        check::<Server>(case, true);
        check::<Client>(case, true);
    }
}

/// An end says the same of the entries of the static table as of fields that are written out (RFC 7541 Appendix A).
#[test]
fn entries_of_the_static_table_keep_the_rules() {
    fn check<R: End>(message: List<'static>, trailers: bool) {
        for entry in STATIC_TABLE {
            let (before, after): (Vec<_>, Vec<_>) = message
                .iter()
                .filter(|(name, _)| *name != entry.0)
                .partition(|_| !entry.0.starts_with(':'));
            let fields = [&before[..], &[entry], &after].concat();
            let seen = [0, 7].map(|how| {
                let mut session = R::session();
                session.open();
                R::expect(&mut session, 1, trailers);
                let bytes = fields.iter().flat_map(|field| Writer::new().field(*field, how));
                let bytes: Vec<u8> = bytes.collect();
                session.receive(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &bytes));
                session.seen
            });
            assert_eq!(seen[0], seen[1], "{fields:?}");
        }
    }
    check::<Server>(GET, false);
    check::<Server>(&[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*")], false);
    check::<Server>(&[], true);
    check::<Client>(OK, false);
    check::<Client>(&[], true);
}

/// A block: whether it is trailers, which case has its fields, how they are written, and a size before them.
type Step = (bool, sample::Index, [u8; 8], Option<u8>);

/// Two ends get the same fields: one of them as a peer with a table writes them, the other as literals, which it has to
/// check each time.
fn twins<R: End>(steps: &[Step]) -> Result<(), proptest::test_runner::TestCaseError> {
    let all: Vec<&Case> = [REQUESTS, RESPONSES, TRAILERS].into_iter().flatten().collect();
    let [mut session, mut twin] = [R::session(), R::session()];
    session.open();
    twin.open();
    let mut writer = Writer::new();
    for (stream, (trailers, case, how, size)) in (1..).step_by(2).zip(steps) {
        let fields: List<'static> = case.get(&all).fields;
        let mut bytes = size.map_or(Vec::new(), |size| writer.resize(size));
        for (field, how) in fields.iter().zip(how.iter().cycle()) {
            bytes.extend(writer.field(*field, *how));
        }
        for (session, bytes) in [(&mut session, bytes), (&mut twin, block(fields))] {
            R::expect(session, stream, *trailers);
            session.receive(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &bytes));
        }
        prop_assert_eq!(session.seen.last(), twin.seen.last(), "{:?}", fields);
    }
    prop_assert_eq!(session.seen, twin.seen);
    prop_assert_eq!(session.out, twin.out);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is driven out of the table, or does not fit in it.
    #[test]
    fn a_table_changes_nothing_about_the_rules(
        steps in collection::vec(
            (any::<bool>(), any::<sample::Index>(), any::<[u8; 8]>(), any::<Option<u8>>()),
            1..40,
        ),
        few in any::<bool>(),
    ) {
        let mut steps = steps;
        for (at, (.., size)) in steps.iter_mut().enumerate() {
            // Most tables are left as they are for a while.
            if few || at % 4 != 0 {
                *size = None;
            }
        }
        twins::<Server>(&steps)?;
        twins::<Client>(&steps)?;
    }
}
