//! What each frame has to say (*Frames and Headers*).

use super::{Command, Error, Headers, RequiredHeader, Version};

/// Checks that a frame has the headers that its command requires in this version.
///
/// Laxer than 1.1 and 1.2: a `CONNECT` needs no `host`, since many clients send none.
pub(super) fn check_headers(
    command: Command,
    headers: &Headers<'_>,
    version: Version,
) -> Result<(), Error> {
    use RequiredHeader::{Destination, Id, MessageId, ReceiptId, Subscription, Transaction};

    let need = |header: RequiredHeader| {
        if headers.has(header.name()) { Ok(()) } else { Err(Error::HeaderMissing(header)) }
    };
    let has_ids = version > Version::V1_0;
    match command {
        Command::Send => need(Destination),
        Command::Subscribe => {
            need(Destination)?;
            if has_ids {
                need(Id)?;
            }
            headers.ack_mode().map(|_| ())
        }
        Command::Unsubscribe if has_ids => need(Id),
        Command::Unsubscribe => need(Id).or_else(|_| need(Destination)),
        Command::Nack if version == Version::V1_0 => Err(Error::NackUndefined),
        Command::Ack | Command::Nack => match version {
            Version::V1_0 => need(MessageId),
            Version::V1_1 => need(MessageId).and_then(|()| need(Subscription)),
            Version::V1_2 => need(Id),
        },
        Command::Begin | Command::Commit | Command::Abort => need(Transaction),
        Command::Message => {
            need(Destination)?;
            need(MessageId)?;
            if has_ids { need(Subscription) } else { Ok(()) }
        }
        Command::Receipt => need(ReceiptId),
        Command::Connect
        | Command::Stomp
        | Command::Connected
        | Command::Disconnect
        | Command::Error => Ok(()),
    }
}
