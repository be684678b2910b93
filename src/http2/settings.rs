//! The settings of both ends (§6.5).

use super::{Error, Limits, Role, Setting, SettingId};

/// The peer's settings (§6.5.2), as [`Connection::peer`](super::Connection::peer) returns them.
///
/// ```
/// use framewright::http2::{Connection, Event, Limits, Storage};
///
/// let mut client = Connection::client(Storage::new(), Limits::new());
/// assert_eq!((client.peer().received, client.peer().initial_window_size), (false, 65_535));
/// # let mut server = Connection::server(Storage::new(), Limits::new().max_streams(10));
/// # let mut read = Vec::new();
/// # server.transmit(&mut read);
/// let mut input = &mut read[..]; // a server sends its settings first
/// while let Some(event) = client.receive(&mut input, &mut Vec::new()) {
///     assert!(matches!(event, Event::Settings));
/// }
/// assert_eq!((client.peer().received, client.peer().max_concurrent_streams), (true, 10));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PeerSettings {
    /// Whether its settings have come. Until then, the other fields have their initial values.
    pub received: bool,
    /// The greatest size of the table that it decodes heads with, in bytes.
    pub header_table_size: u32,
    /// How many streams we may have open at once: 100 until it says something else.
    pub max_concurrent_streams: u32,
    /// How many bytes we may send on a new stream, before it grants more.
    pub initial_window_size: u32,
    /// The longest payload of a frame that it accepts, in bytes.
    pub max_frame_size: u32,
    /// The longest head that it is prepared to accept, in bytes, with 32 more for each field. It is advice, and we
    /// do not act on it.
    pub max_header_list_size: u32,
    /// Whether it accepts extended CONNECT (RFC 8441 §3).
    pub extended_connect: bool,
}

impl PeerSettings {
    pub(super) const INITIAL: Self = Self {
        received: false,
        header_table_size: 4096,
        // The standard sets no limit, and servers refuse what is over theirs. Other clients begin so too.
        max_concurrent_streams: 100,
        initial_window_size: 0xFFFF,
        max_frame_size: Limits::MIN_FRAME_LEN,
        max_header_list_size: u32::MAX,
        extended_connect: false,
    };
}

/// What the SETTINGS frame under way says.
///
/// Its values take effect together, when it has ended and its acknowledgement is owed (§6.5.3): a frame may come in
/// many reads, and what is sent between them follows the old values. One value is kept for each setting, since the
/// last one counts.
///
/// Laxer than §6.5.3 for a window that only a value in between would have lifted over its limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingSettings {
    pub(super) values: PeerSettings,
    /// The smallest SETTINGS_HEADER_TABLE_SIZE, from the one that holds on. The encoder has to tell the peer that its
    /// table was as small (RFC 7541 §4.2).
    pub(super) smallest_table: u32,
}

impl PendingSettings {
    /// A frame without settings, on top of those that hold.
    pub(super) const fn new(values: PeerSettings) -> Self {
        Self { smallest_table: values.header_table_size, values }
    }

    /// Takes the next setting, whose value is allowed by itself.
    pub(super) fn take(&mut self, Setting { id, value }: Setting) -> Result<(), Error> {
        let values = &mut self.values;
        match id {
            SettingId::HEADER_TABLE_SIZE => {
                values.header_table_size = value;
                self.smallest_table = self.smallest_table.min(value);
            }
            SettingId::MAX_CONCURRENT_STREAMS => values.max_concurrent_streams = value,
            SettingId::INITIAL_WINDOW_SIZE => values.initial_window_size = value,
            SettingId::MAX_FRAME_SIZE => values.max_frame_size = value,
            SettingId::MAX_HEADER_LIST_SIZE => values.max_header_list_size = value,
            SettingId::ENABLE_CONNECT_PROTOCOL => {
                if values.extended_connect && value == 0 {
                    return Err(Error::EnableConnectProtocol);
                }
                values.extended_connect = value == 1;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The settings to be sent, as far as they differ from the initial ones.
pub(super) struct OurSettings {
    list: [Setting; Self::MAX],
    len: usize,
}

impl OurSettings {
    const MAX: usize = 7;

    pub(super) fn new(
        role: Role,
        limits: &Limits,
        max_streams: u32,
        table_size: u32,
        extended_connect: bool,
    ) -> Self {
        let none = Setting { id: SettingId(0), value: 0 };
        let mut settings = Self { list: [none; Self::MAX], len: 0 };
        let is_server = role == Role::Server;
        let all = [
            (SettingId::HEADER_TABLE_SIZE, table_size, table_size != 4096),
            (SettingId::ENABLE_PUSH, 0, !is_server),
            (SettingId::MAX_CONCURRENT_STREAMS, max_streams, is_server),
            (SettingId::INITIAL_WINDOW_SIZE, limits.stream_window, limits.stream_window != 0xFFFF),
            (
                SettingId::MAX_FRAME_SIZE,
                limits.max_frame_len,
                limits.max_frame_len != Limits::MIN_FRAME_LEN,
            ),
            (SettingId::MAX_HEADER_LIST_SIZE, limits.max_head_len, true),
            (SettingId::ENABLE_CONNECT_PROTOCOL, 1, extended_connect),
        ];
        let sent = all.into_iter().filter(|(.., is_sent)| *is_sent);
        for (to, (id, value, _)) in settings.list.iter_mut().zip(sent) {
            *to = Setting { id, value };
            settings.len += 1;
        }
        settings
    }

    pub(super) fn as_slice(&self) -> &[Setting] {
        self.list.get(..self.len).unwrap_or_default()
    }
}
