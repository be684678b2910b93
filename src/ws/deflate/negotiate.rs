//! How both ends agree on the parameters (§5, §7.1).

use core::fmt::{self, Write as _};
use core::mem;

use super::Config;
use crate::inline::Inline;
use crate::ws::Role;
use crate::ws::handshake::{Error, Extension};

const NAME: &str = "permessage-deflate";

/// The parameters that both ends agreed on (§5): how each of them compresses.
///
/// ```
/// use framewright::ws::Role;
/// use framewright::ws::deflate::{Config, SenderParams};
/// use framewright::ws::handshake::Extensions;
///
/// let offers = Extensions::parse(b"permessage-deflate; server_max_window_bits=10")?;
/// let (params, _) = Config::new().negotiate(offers).unwrap();
/// let server: SenderParams = params.of(Role::Server);
/// assert_eq!(server.max_window_bits, 10);
/// assert!(!params.of(Role::Client).no_context_takeover);
/// # Ok::<(), framewright::ws::handshake::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Params {
    pub(super) server: SenderParams,
    pub(super) client: SenderParams,
    /// Whether the client's messages may refer to earlier ones although they should not: the client
    /// did not offer that each stands alone.
    pub(super) client_doubted: bool,
}

/// How one end compresses what it sends: a part of the [`Params`], by [`Params::of`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SenderParams {
    /// Whether each message stands alone (§7.1.1). Otherwise it may refer to those before it.
    pub no_context_takeover: bool,
    /// Base-2 logarithm of how many bytes a message refers back at most, from 8 to 15 (§7.1.2).
    pub max_window_bits: u8,
}

impl Params {
    /// How `sender` compresses.
    pub const fn of(self, sender: Role) -> SenderParams {
        match sender {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }

    /// Whether the context of what `sender` sends has to be kept between messages.
    pub(super) const fn keeps_context(self, sender: Role) -> bool {
        match sender {
            Role::Server => !self.server.no_context_takeover,
            Role::Client => !self.client.no_context_takeover || self.client_doubted,
        }
    }
}

impl Config {
    /// The name of the extension.
    pub(in crate::ws) const NAME: &str = NAME;

    /// Answers the first of a client's offers that a server can accept (§5.1, §7.1). Returns what is
    /// agreed on, and the answer, for
    /// [`Acceptance::extensions`](crate::ws::handshake::Acceptance::extensions). `None` declines them all,
    /// and messages go uncompressed.
    ///
    /// An offer is declined if one of its parameters is unknown, ill-formed or there twice (§7). So is
    /// one that asks for a server's window of 8 bits, with which no zlib compresses. The answer has
    /// what the offer and this configuration ask for. It has `client_max_window_bits` only for clients
    /// that say they understand it (§7.1.2.2). It may have the other parameters for every client.
    pub fn negotiate<'a>(
        &self,
        offers: impl IntoIterator<Item = Extension<'a>>,
    ) -> Option<(Params, ExtensionText)> {
        offers
            .into_iter()
            .filter(|offer| offer.name() == NAME)
            .find_map(|offer| self.accept(WrittenParams::parse(&offer)?))
    }

    fn accept(&self, offer: WrittenParams) -> Option<(Params, ExtensionText)> {
        let server_window_bits = match offer.server_max_window_bits {
            Some(8) => return None,
            Some(bits) => bits.min(self.server.max_window_bits),
            None => self.server.max_window_bits,
        };
        let client_window_bits = match offer.client_max_window_bits {
            // A client that offers 8 keeps to it unasked. Whether it can handle an answer that says
            // so is better not put to the test.
            Some(Some(8)) | None => 15,
            Some(bits) => bits.unwrap_or(15).min(self.client.max_window_bits),
        };
        let client_alone = self.client.no_context_takeover || offer.client_no_context_takeover;
        let agreed = Params {
            server: SenderParams {
                no_context_takeover: self.server.no_context_takeover
                    || offer.server_no_context_takeover,
                max_window_bits: server_window_bits,
            },
            client: SenderParams {
                no_context_takeover: client_alone,
                max_window_bits: client_window_bits,
            },
            client_doubted: client_alone
                && !offer.client_no_context_takeover
                && !self.relies_on_clients,
        };
        let text = ExtensionText::print(WrittenParams {
            server_no_context_takeover: agreed.server.no_context_takeover,
            client_no_context_takeover: agreed.client.no_context_takeover,
            // What the offer has must be in the answer, even if it is the default.
            server_max_window_bits: (offer.server_max_window_bits.is_some()
                || server_window_bits < 15)
                .then_some(server_window_bits),
            client_max_window_bits: (client_window_bits < 15).then_some(Some(client_window_bits)),
        });
        Some((agreed, text))
    }

    /// The offer of a client (§5.1), for
    /// [`ClientRequest::extensions`](crate::ws::handshake::ClientRequest::extensions).
    pub fn offer(&self) -> ExtensionText {
        ExtensionText::print(WrittenParams {
            server_no_context_takeover: self.server.no_context_takeover,
            client_no_context_takeover: self.client.no_context_takeover,
            server_max_window_bits: (self.server.max_window_bits < 15)
                .then_some(self.server.max_window_bits),
            // Without a value, it allows the server to ask for less.
            client_max_window_bits: Some(
                (self.client.max_window_bits < 15).then_some(self.client.max_window_bits),
            ),
        })
    }

    /// Checks a server's answer to [`offer`](Self::offer) (§5.1, §7.1). Returns what was agreed on, or
    /// `None` if the server declined.
    ///
    /// A server may ask for a client's window of 8 bits, with which no zlib compresses. That is
    /// accepted, and what this end sends goes uncompressed.
    ///
    /// # Errors
    ///
    /// The answer comes twice, does not grant what was asked for, unless the client
    /// [accepts less](Self::accept_less), or has a parameter that is unknown, ill-formed or there twice.
    /// The client must fail the connection (§5.1).
    pub fn check<'a>(
        &self,
        answers: impl IntoIterator<Item = Extension<'a>>,
    ) -> Result<Option<Params>, Error> {
        let mut agreed = None;
        for answer in answers.into_iter().filter(|answer| answer.name() == NAME) {
            let checked = WrittenParams::parse(&answer).and_then(|params| self.agree(params));
            let checked = checked.ok_or(Error::ExtensionParams)?;
            if agreed.replace(checked).is_some() {
                return Err(Error::ExtensionParams);
            }
        }
        Ok(agreed)
    }

    fn agree(&self, answer: WrittenParams) -> Option<Params> {
        if self.server.no_context_takeover
            && !answer.server_no_context_takeover
            && !self.accepts_less
        {
            return None;
        }
        let server_window_bits = match answer.server_max_window_bits {
            None if self.accepts_less => 15,
            bits => bits.or(Some(15)).filter(|bits| *bits <= self.server.max_window_bits)?,
        };
        let client_window_bits = match answer.client_max_window_bits {
            None => self.client.max_window_bits,
            Some(bits) => bits.filter(|bits| *bits <= self.client.max_window_bits)?,
        };
        Some(Params {
            server: SenderParams {
                no_context_takeover: answer.server_no_context_takeover,
                max_window_bits: server_window_bits,
            },
            client: SenderParams {
                // We do what we offered, whether or not the server repeats it.
                no_context_takeover: self.client.no_context_takeover
                    || answer.client_no_context_takeover,
                max_window_bits: client_window_bits,
            },
            client_doubted: false,
        })
    }
}

/// The parameters of an offer or an answer as they are written (§7.1).
#[derive(Clone, Copy, Debug, Default)]
struct WrittenParams {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// In an offer, its value may be missing.
    #[expect(
        clippy::option_option,
        reason = "absent, and there without a value, are not the same"
    )]
    client_max_window_bits: Option<Option<u8>>,
}

impl WrittenParams {
    /// `None` if one is unknown, there twice, or has an invalid value.
    fn parse(extension: &Extension<'_>) -> Option<Self> {
        let mut params = Self::default();
        for (name, value) in extension.params() {
            let bits = match value {
                None => None,
                Some(value) => Some(*BITS.iter().find(|(text, _)| value == **text)?),
            };
            let bits = bits.map(|(_, bits)| bits);
            let again = match (name, bits) {
                ("server_no_context_takeover", None) => {
                    mem::replace(&mut params.server_no_context_takeover, true)
                }
                ("client_no_context_takeover", None) => {
                    mem::replace(&mut params.client_no_context_takeover, true)
                }
                ("server_max_window_bits", Some(bits)) => {
                    params.server_max_window_bits.replace(bits).is_some()
                }
                ("client_max_window_bits", bits) => {
                    params.client_max_window_bits.replace(bits).is_some()
                }
                _ => return None,
            };
            if again {
                return None;
            }
        }
        Some(params)
    }
}

/// All valid values: decimal, without leading zeros (§7.1.2).
const BITS: [(&str, u8); 8] =
    [("8", 8), ("9", 9), ("10", 10), ("11", 11), ("12", 12), ("13", 13), ("14", 14), ("15", 15)];

/// An offer or an answer as it is written in a header: [`Config::offer`] or [`Config::negotiate`].
///
/// ```
/// use framewright::ws::deflate::Config;
///
/// let offer = Config::new().client_max_window_bits(10).offer();
/// assert_eq!(offer.as_str(), "permessage-deflate; client_max_window_bits=10");
/// ```
#[derive(Clone, Copy)]
pub struct ExtensionText(Inline<{ Self::CAPACITY }>);

impl ExtensionText {
    /// The length of the longest.
    const CAPACITY: usize = NAME.len()
        + "; server_no_context_takeover; client_no_context_takeover".len()
        + "; server_max_window_bits=10; client_max_window_bits=10".len();

    /// The text of the element in `Sec-WebSocket-Extensions`.
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn print(params: WrittenParams) -> Self {
        let mut text = Self(Inline::EMPTY);
        text.print_params(params).expect("there is room for all parameters at once");
        text
    }

    fn print_params(&mut self, params: WrittenParams) -> fmt::Result {
        let text = &mut self.0;
        text.write_str(NAME)?;
        if params.server_no_context_takeover {
            text.write_str("; server_no_context_takeover")?;
        }
        if params.client_no_context_takeover {
            text.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = params.server_max_window_bits {
            write!(text, "; server_max_window_bits={bits}")?;
        }
        match params.client_max_window_bits {
            Some(Some(bits)) => write!(text, "; client_max_window_bits={bits}"),
            Some(None) => text.write_str("; client_max_window_bits"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ExtensionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
