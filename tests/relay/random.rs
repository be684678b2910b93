//! Breaks at random places: every message arrives once, at every subscriber, in the order of its sender.

use framewright::stomp::FrameBuilder;
use proptest::prelude::*;

use crate::world::World;

const TOPICS: [&str; 2] = ["/topic/a", "/topic/b"];
const GATEWAYS: usize = 3;
const CLIENTS: usize = 2;
/// A client of each gateway that comes to this topic and goes.
const VISITOR: usize = CLIENTS;
const VISITED: &str = "/topic/visited";

#[derive(Clone, Debug)]
enum Deed {
    Say {
        gateway: usize,
        client: usize,
        topic: usize,
    },
    /// To the topic that is visited.
    SayThere {
        gateway: usize,
    },
    Visit {
        gateway: usize,
    },
    Move {
        gateway: usize,
        len: usize,
    },
    Cut {
        gateway: usize,
    },
    Stop,
    Start,
    Pass {
        ms: u64,
    },
    DelayReceipts(bool),
}

fn deed() -> impl Strategy<Value = Deed> {
    let gateway = 0..GATEWAYS;
    prop_oneof![
        8 => (gateway.clone(), 0..CLIENTS, 0..TOPICS.len())
            .prop_map(|(gateway, client, topic)| Deed::Say { gateway, client, topic }),
        4 => gateway.clone().prop_map(|gateway| Deed::SayThere { gateway }),
        4 => gateway.clone().prop_map(|gateway| Deed::Visit { gateway }),
        20 => (gateway.clone(), 1..400usize).prop_map(|(gateway, len)| Deed::Move { gateway, len }),
        2 => gateway.prop_map(|gateway| Deed::Cut { gateway }),
        1 => Just(Deed::Stop),
        2 => Just(Deed::Start),
        4 => (0..2000u64).prop_map(|ms| Deed::Pass { ms }),
        2 => any::<bool>().prop_map(Deed::DelayReceipts),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled(deeds in prop::collection::vec(deed(), 0..150)) {
        let mut world = World::new(GATEWAYS, CLIENTS + 1);
        TOPICS.iter().for_each(|topic| world.subscribe_all(topic));
        let mut said = Vec::new();
        let mut visits = [false; GATEWAYS];
        for deed in deeds {
            match deed {
                Deed::Say { gateway, client, topic } => {
                    let text = format!("{gateway} {client} {topic} {:04}", said.len());
                    let frame = FrameBuilder::send(TOPICS[topic]).receipt(&text);
                    let now = world.now;
                    world.gateways[gateway].send(client, frame.body(text.as_bytes()), now);
                    said.push(text);
                }
                Deed::SayThere { gateway } => {
                    let text = format!("{gateway} visited {:04}", said.len());
                    let frame = FrameBuilder::send(VISITED).receipt(&text);
                    let now = world.now;
                    world.gateways[gateway].send(0, frame.body(text.as_bytes()), now);
                    said.push(text);
                }
                Deed::Visit { gateway } => {
                    visits[gateway] = !visits[gateway];
                    let frame = if visits[gateway] {
                        FrameBuilder::subscribe("visit", VISITED)
                    } else {
                        FrameBuilder::unsubscribe("visit")
                    };
                    let now = world.now;
                    world.gateways[gateway].send(VISITOR, frame, now);
                }
                Deed::Move { gateway, len } => drop(world.step(gateway, len)),
                Deed::Cut { gateway } => world.cut(gateway),
                Deed::Stop => world.stop(),
                Deed::Start => world.start(),
                Deed::Pass { ms } => world.now += ms,
                Deed::DelayReceipts(delays) => world.model.delays_receipts = delays,
            }
        }
        world.start();
        world.model.delays_receipts = false;
        world.wait();
        for gateway in 0..GATEWAYS {
            let visitor = world.client(gateway, VISITOR);
            prop_assert!(visitor.errors.is_empty(), "{:?}", visitor.errors);
            for sender in 0..GATEWAYS {
                // It may miss what was said while it was not there, and no more than that is certain.
                let begin = format!("{sender} visited ");
                let heard: Vec<_> =
                    visitor.received.iter().filter(|text| text.starts_with(&begin)).collect();
                prop_assert!(heard.is_sorted_by(|one, next| one < next), "{:?}", heard);
            }
            for client in 0..CLIENTS {
                let member = world.client(gateway, client);
                prop_assert!(member.errors.is_empty(), "{:?}", member.errors);
                for (sender, topic) in (0..GATEWAYS).flat_map(|g| (0..TOPICS.len()).map(move |t| (g, t))) {
                    let is_meant = |text: &&String| {
                        let words: Vec<_> = text.split(' ').collect();
                        words[0] == sender.to_string() && words[2] == topic.to_string()
                    };
                    let received: Vec<_> = member.received.iter().filter(is_meant).collect();
                    prop_assert_eq!(received, said.iter().filter(is_meant).collect::<Vec<_>>());
                }
                let own = |text: &&String| {
                    text.starts_with(&format!("{gateway} {client} "))
                        || (client == 0 && text.starts_with(&format!("{gateway} visited ")))
                };
                member.receipts.sort();
                let mut expected: Vec<_> = said.iter().filter(own).cloned().collect();
                expected.sort();
                prop_assert_eq!(&member.receipts, &expected);
            }
        }
    }
}
