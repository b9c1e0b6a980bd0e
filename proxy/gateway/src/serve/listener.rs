//! The socket on which clients are waited for, and how it is given up without losing any of them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockFilter, SockRef, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Clients that the kernel has connected and that wait to be accepted; further ones try again by themselves.
const BACKLOG: i32 = 4096;

/// How long a handshake of TCP may still take when no new one is let in any more. Whoever is not let in asks again after
/// a second (RFC 6298, section 2.1), and must not find the same socket then.
const HANDSHAKES: Duration = Duration::from_millis(500);

/// A socket on which clients are waited for.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    leaving: Leaving,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// What becomes of the socket when this process does not listen any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It is closed.
    Closed,
    /// It is closed, and other processes listen on the same address.
    Shared,
    /// Somebody else holds it too, and whoever waits in its queue.
    Kept,
}

/// A client that came, and from where, if that is an address.
pub(crate) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// A connection, over whatever.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

impl Listener {
    /// Listens on an address. If it is shared, other processes of the same user may listen on it too, and new
    /// connections are spread over them (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// The socket cannot be had.
    pub fn bind(address: SocketAddr, shared: bool) -> io::Result<Listener> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        if shared {
            socket.set_reuse_port(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let leaving = if shared { Leaving::Shared } else { Leaving::Closed };
        Ok(Listener { socket: Socket::Tcp(TcpListener::from_std(socket.into())?), leaving })
    }

    /// Listens on a Unix socket, in the place of one that nobody listens on any more. Who may connect is for the folder's
    /// permissions to say.
    ///
    /// # Errors
    /// The socket cannot be had.
    pub fn bind_unix(path: &Path) -> io::Result<Listener> {
        let is_left_over = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
            && std::os::unix::net::UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if is_left_over {
            std::fs::remove_file(path)?;
        }
        let socket = Socket::Unix(UnixListener::bind(path)?, path.to_owned());
        Ok(Listener { socket, leaving: Leaving::Closed })
    }

    /// Takes over a socket that somebody opened for this process and holds as well, as systemd does.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn inherited(socket: std::net::TcpListener) -> io::Result<Listener> {
        socket.set_nonblocking(true)?;
        Ok(Listener { socket: Socket::Tcp(TcpListener::from_std(socket)?), leaving: Leaving::Kept })
    }

    /// As [`Listener::inherited`], of a Unix socket.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn inherited_unix(socket: std::os::unix::net::UnixListener) -> io::Result<Listener> {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().unwrap_or(Path::new("")).to_owned();
        Ok(Listener { socket: Socket::Unix(UnixListener::from_std(socket)?, path), leaving: Leaving::Kept })
    }

    pub(crate) fn leaving(&self) -> Leaving {
        self.leaving
    }

    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(socket) => {
                socket.accept().await.map(|(stream, address)| Accepted::Tcp(stream, address))
            }
            Socket::Unix(socket, _) => socket.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }

    /// Lets no new handshake begin on this socket. Those that have begun may still end in it for as long as is returned.
    pub(crate) fn turn_away(&self) -> Duration {
        if let Socket::Tcp(socket) = &self.socket
            && let Err(error) = SockRef::from(socket).attach_filter(&NO_NEW_HANDSHAKE)
        {
            tracing::debug!(%error, "handshakes that begin now may be lost");
        }
        HANDSHAKES
    }

    /// Closes the socket, and gives out whom the kernel has connected already: they would be reset.
    pub(crate) fn close(self) -> Vec<Accepted> {
        let mut rest = Vec::new();
        match self.socket {
            Socket::Tcp(socket) => {
                let Ok(socket) = socket.into_std() else { return rest };
                while let Ok((stream, address)) = socket.accept() {
                    let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                    rest.extend(stream.map(|stream| Accepted::Tcp(stream, address)));
                }
            }
            Socket::Unix(socket, path) => {
                // First, so that nobody comes who is not seen.
                let _ = std::fs::remove_file(path);
                let Ok(socket) = socket.into_std() else { return rest };
                while let Ok((stream, _)) = socket.accept() {
                    let stream = stream.set_nonblocking(true).and_then(|()| UnixStream::from_std(stream));
                    rest.extend(stream.map(Accepted::Unix));
                }
            }
        }
        rest
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Listener {
        Listener { socket: Socket::Tcp(socket), leaving: Leaving::Closed }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Socket::Tcp(socket) => match socket.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(_) => f.write_str("an address"),
            },
            Socket::Unix(_, path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Drops segments that have SYN and not ACK: byte 13 of a segment holds its flags (RFC 9293, section 3.1). In classic BPF
/// it loads the byte, masks it, and jumps over "take nothing" to "take all" if it is another.
static NO_NEW_HANDSHAKE: [SockFilter; 5] = [
    SockFilter::new(0x30, 0, 0, 13),
    SockFilter::new(0x54, 0, 0, 0x12),
    SockFilter::new(0x15, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0),
    SockFilter::new(0x06, 0, 0, u32::MAX),
];
