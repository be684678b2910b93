//! Reading and writing during the opening handshake.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes of a refused client's input are read and ignored, so that it receives our answer.
const IGNORED: usize = 64 * 1024;

/// Reads once. Returns 0 at the end of the input.
pub async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)).await?;
    Ok(buffer.filled().len())
}

/// Writes all of `bytes`.
pub async fn write_all(stream: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8]) -> io::Result<()> {
    poll_fn(|cx| {
        let mut stream = Pin::new(&mut *stream);
        while !bytes.is_empty() {
            let n = ready!(stream.as_mut().poll_write(cx, bytes))?;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into()).into();
            }
            bytes = &bytes[n..];
        }
        stream.poll_flush(cx)
    })
    .await
}

/// Shuts our side down, then reads until the peer has done so. Closing at once could destroy our last bytes on their way.
pub async fn shut_down<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    buffer: &mut [u8],
) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_shutdown(cx)).await?;
    let mut ignored = 0;
    while ignored < IGNORED {
        match read(stream, buffer).await? {
            0 => break,
            n => ignored += n,
        }
    }
    Ok(())
}
