//! The extensions that a client offers, and what the answer to them means (§9.1).

use super::fields::EXTENSIONS;
use super::{Error, Extension, Extensions};
use crate::http::FieldValue;
#[cfg(feature = "deflate")]
use crate::ws::deflate::{Config, Params};
use crate::ws::{Connection, Side};

/// The extensions that a client offers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered<'o> {
    /// Those that the caller looks after.
    pub(super) extensions: Option<&'o str>,
    #[cfg(feature = "deflate")]
    pub(super) compression: Option<Config>,
}

/// What was agreed on of those that the connection looks after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    #[cfg(feature = "deflate")]
    pub(super) compression: Option<(Params, Config)>,
}

impl Agreed {
    /// Makes the connection do what was agreed on.
    #[cfg_attr(
        not(feature = "deflate"),
        expect(clippy::unused_self, reason = "nothing is compressed")
    )]
    pub(super) fn apply<S: Side>(self, connection: Connection<S>) -> Connection<S> {
        #[cfg(feature = "deflate")]
        if let Some((params, config)) = self.compression {
            return connection.compression(Some(params), config);
        }
        connection
    }
}

/// Whether a list that was offered has an extension of this name.
pub(super) fn lists_extension(list: &str, name: &str) -> bool {
    let list = Extensions::parse(list.as_bytes());
    list.into_iter().flatten().any(|offered| offered.name() == name)
}

impl Offered<'_> {
    /// The same without those that the caller looks after.
    #[cfg(feature = "alloc")]
    #[cfg_attr(
        not(feature = "deflate"),
        expect(clippy::unused_self, reason = "nothing is compressed")
    )]
    pub(super) const fn without_list(self) -> Offered<'static> {
        Offered {
            extensions: None,
            #[cfg(feature = "deflate")]
            compression: self.compression,
        }
    }

    pub(super) const NONE: Self = Self {
        extensions: None,
        #[cfg(feature = "deflate")]
        compression: None,
    };

    /// Calls `put` with the header that has them, if there are any.
    pub(super) fn put(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        #[cfg(feature = "deflate")]
        if let Some(config) = self.compression {
            let text = config.offer();
            return match self.extensions {
                Some(list) => put(EXTENSIONS, FieldValue::joined(&[list, text.as_str()], ", ")),
                None => put(EXTENSIONS, text.as_str().into()),
            };
        }
        if let Some(list) = self.extensions {
            put(EXTENSIONS, list.into());
        }
    }

    /// Whether an extension of this name was offered.
    pub(super) fn has(&self, name: &str) -> bool {
        #[cfg(feature = "deflate")]
        if self.compression.is_some() && name == Config::NAME {
            return true;
        }
        self.extensions.is_some_and(|list| lists_extension(list, name))
    }

    /// Checks the parameters of the answer to what the connection looks after.
    // Without the feature, nothing is compressed.
    #[cfg_attr(
        not(feature = "deflate"),
        allow(
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps,
            clippy::unused_self,
            unused_variables
        )
    )]
    pub(super) fn agree<'a>(
        &self,
        answers: impl IntoIterator<Item = Extension<'a>>,
    ) -> Result<Agreed, Error> {
        Ok(Agreed {
            #[cfg(feature = "deflate")]
            compression: match self.compression {
                Some(config) => config.check(answers)?.map(|params| (params, config)),
                None => None,
            },
        })
    }
}
