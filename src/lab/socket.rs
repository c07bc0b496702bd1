use std::io;
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How long the kernel may take for a handshake with itself. It takes longer
/// only if the listener's backlog is full, and then the wait must not hold up
/// the other requests.
const AT_ONCE: Duration = Duration::from_millis(5);

/// A connection that is open, or is opened by the first bytes that are
/// written to it, so that they arrive together with it.
///
/// A client that connects and then thinks shows a server something else: by
/// the time of the request it has accepted the connection and waits on it.
pub(super) struct Socket {
    address: SocketAddr,
    state: State,
    /// Who wants to read before there is anything to read from.
    reader: Option<Waker>,
}

enum State {
    Closed,
    Waiting(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>),
    Open(TcpStream),
}

impl Socket {
    /// One that the first bytes open.
    pub fn closed(address: SocketAddr) -> Self {
        Socket { address, state: State::Closed, reader: None }
    }

    /// One that is open before anything is written.
    pub async fn connected(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Ok(Socket { address, state: State::Open(stream), reader: None })
    }

    fn open(&mut self, stream: TcpStream) {
        self.state = State::Open(stream);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Connects and writes without a pause. The number is that of the bytes
    /// written; without it the handshake takes longer.
    fn first(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let connected = net::TcpStream::connect_timeout(&self.address, AT_ONCE);
        let stream = match connected {
            Ok(stream) => stream,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let connect = TcpStream::connect(self.address);
                self.state = State::Waiting(Box::pin(connect));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let written = io::Write::write(&mut &stream, bytes)?;
        stream.set_nonblocking(true)?;
        self.open(TcpStream::from_std(stream)?);
        Ok(Some(written))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(stream) => Pin::new(stream).poll_read(context, buffer),
            _ => {
                self.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match &mut self.state {
                State::Open(stream) => {
                    return Pin::new(stream).poll_write(context, bytes);
                }
                State::Waiting(connect) => {
                    let stream = ready!(connect.as_mut().poll(context))?;
                    self.open(stream);
                }
                State::Closed => {
                    if let Some(written) = self.first(bytes)? {
                        return Poll::Ready(Ok(written));
                    }
                }
            }
        }
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        // A socket keeps nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(stream) => Pin::new(stream).poll_shutdown(context),
            _ => Poll::Ready(Ok(())),
        }
    }
}
