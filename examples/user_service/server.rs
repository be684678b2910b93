//! The users, and what clients may do with them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use framewright::grpc::{CallKind, Code, Limits, Message, MetadataList, ServerConfig};
use framewright::http2::Headers;
use prost::Message as _;

use crate::event_loop::{Begun, Ending, Next, Service};
use crate::messages::{self, Empty, GetUserRequest, Summary, User};

/// How many users there may be.
const MAX_USERS: usize = 10_000;
/// How many bytes of a chat may wait before the client has to. What is on its way comes on top.
const ENOUGH: usize = 64 * 1024;

/// Why a call ends early.
type Refusal = (Code, &'static str);

/// The users, by their identifiers.
pub struct Users(BTreeMap<i64, User>);

impl Users {
    pub fn new() -> Self {
        let user = |id, name: &str| {
            let email = format!("{}@example.com", name.to_lowercase());
            (id, User { id, name: name.to_owned(), email })
        };
        Self([user(1, "Ada"), user(2, "Grace"), user(3, "Barbara")].into())
    }
}

/// What is kept of a call.
pub enum Call {
    /// A call with one reply, which is not known yet.
    Get,
    /// The user with this identifier, or an earlier one, was sent last.
    List {
        last: Option<i64>,
        is_asked: bool,
    },
    Create {
        count: i32,
    },
    Chat {
        /// What is to be sent back.
        texts: VecDeque<Vec<u8>>,
        len: usize,
        is_half_closed: bool,
    },
    /// The only reply.
    Reply(Vec<u8>),
    End(Code, &'static str),
}

impl Service for Users {
    type Call = Call;

    // Each call keeps one message on its way in, and one on its way out.
    const CONFIG: ServerConfig<'static> =
        ServerConfig::new().limits(Limits::new().max_message_len(1 << 20));

    fn begin(&mut self, path: &str, _: Headers<'_>) -> Option<Begun<Call>> {
        let (kind, call) = match path {
            "/user.UserService/GetUser" => (CallKind::Unary, Call::Get),
            "/user.UserService/ListUsers" => {
                (CallKind::ServerStreaming, Call::List { last: None, is_asked: false })
            }
            "/user.UserService/CreateUsers" => {
                (CallKind::ClientStreaming, Call::Create { count: 0 })
            }
            "/user.UserService/ChatUsers" => {
                let texts = VecDeque::new();
                (CallKind::BidiStreaming, Call::Chat { texts, len: 0, is_half_closed: false })
            }
            _ => return None,
        };
        let (metadata, trailing_metadata) = (MetadataList::default(), MetadataList::default());
        Some(Begun { call, kind, encoding: None, metadata, trailing_metadata })
    }

    fn message(&mut self, call: &mut Call, message: Message<'_>) {
        if let Err((code, text)) = self.receive(call, message.bytes) {
            *call = Call::End(code, text);
        }
    }

    fn is_full(&self, call: &Call) -> bool {
        matches!(call, Call::Chat { len, .. } if *len > ENOUGH)
    }

    fn held(&self, call: &Call) -> usize {
        match call {
            Call::Chat { len, .. } => *len,
            _ => 0,
        }
    }

    fn give_up(&mut self, call: &mut Call) {
        *call = Call::End(Code::ResourceExhausted, "too much waits for this client");
    }

    fn half_close(&mut self, call: &mut Call) {
        match call {
            Call::Create { count } => {
                *call = Call::Reply(Summary { count: *count }.encode_to_vec())
            }
            Call::Chat { is_half_closed, .. } => *is_half_closed = true,
            _ => {}
        }
    }

    fn next(&mut self, call: &mut Call, _: u64) -> Next {
        match call {
            Call::Get | Call::Create { .. } | Call::List { is_asked: false, .. } => Next::Wait,
            Call::List { last, .. } => {
                let after = last.map_or(Unbounded, Excluded);
                let Some((id, user)) = self.0.range((after, Unbounded)).next() else {
                    return Next::End(Ending::new(Code::Ok, ""));
                };
                *last = Some(*id);
                Next::Send(user.encode_to_vec())
            }
            Call::Chat { texts, len, is_half_closed } => match texts.pop_front() {
                Some(text) => {
                    *len -= text.len();
                    Next::Send(text)
                }
                None if *is_half_closed => Next::End(Ending::new(Code::Ok, "")),
                None => Next::Wait,
            },
            Call::Reply(bytes) => {
                let reply = Next::Send(std::mem::take(bytes));
                *call = Call::End(Code::Ok, "");
                reply
            }
            Call::End(code, text) => Next::End(Ending::new(*code, *text)),
        }
    }
}

impl Users {
    /// Takes a message of a call, or ends the call with the status.
    fn receive(&mut self, call: &mut Call, bytes: &[u8]) -> Result<(), Refusal> {
        match call {
            Call::Get => {
                let id = decode::<GetUserRequest>(bytes)?.id;
                let user = self.0.get(&id).ok_or((Code::NotFound, "no such user"))?;
                *call = Call::Reply(user.encode_to_vec());
            }
            Call::List { is_asked, .. } => {
                decode::<Empty>(bytes)?;
                *is_asked = true;
            }
            Call::Create { count } => {
                let user = decode::<User>(bytes)?;
                if self.0.len() >= MAX_USERS && !self.0.contains_key(&user.id) {
                    return Err((Code::ResourceExhausted, "too many users"));
                }
                if self.0.insert(user.id, user).is_none() {
                    *count += 1;
                }
            }
            Call::Chat { texts, len, .. } => {
                let text = decode::<messages::Message>(bytes)?.encode_to_vec();
                *len += text.len();
                texts.push_back(text);
            }
            Call::Reply(_) | Call::End(..) => {}
        }
        Ok(())
    }
}

fn decode<M: prost::Message + Default>(bytes: &[u8]) -> Result<M, Refusal> {
    M::decode(bytes).map_err(|_| (Code::Internal, "malformed message"))
}
