//! The sockets that the configuration names, with what is shown on them.

use std::sync::Arc;

use cordon_gateway::{Listener, ServerTls};
use listenfd::ListenFd;

use crate::Failure;
use crate::config::{Listen, Place};

/// A socket, and TLS on it unless it is plain.
pub(crate) struct Open {
    pub listener: Listener,
    pub tls: Option<Arc<ServerTls>>,
}

/// What is shown on each socket.
///
/// # Errors
/// Which files cannot be used.
pub(crate) fn certificates(listen: &[Listen]) -> Result<Vec<Option<Arc<ServerTls>>>, Failure> {
    let load = |listen: &Listen| listen.tls.clone().map(ServerTls::load).transpose();
    listen
        .iter()
        .map(load)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::wrong(format!("error: {error}")))
}

/// What systemd has opened for this process. It reads and changes the environment, and so has to be called before there
/// are threads.
pub(crate) fn inherited() -> ListenFd {
    ListenFd::from_env()
}

/// Takes all sockets, or none. Those of systemd are taken in their order.
///
/// # Errors
/// Which cannot be had.
pub(crate) fn open(
    listen: &[Listen],
    tls: Vec<Option<Arc<ServerTls>>>,
    mut inherited: ListenFd,
) -> Result<Vec<Open>, Failure> {
    let mut taken = 0;
    let mut all = Vec::new();
    for (Listen { place, reuse_port, .. }, tls) in listen.iter().zip(tls) {
        let listener = match place {
            Place::Address(address) => Listener::bind(*address, *reuse_port),
            Place::Unix(path) => Listener::bind_unix(path),
            Place::Systemd => {
                taken += 1;
                from_systemd(&mut inherited, taken - 1)
            }
        };
        let listener =
            listener.map_err(|error| Failure::failed(format!("error: cannot listen on {place}: {error}")))?;
        all.push(Open { listener, tls });
    }
    Ok(all)
}

fn from_systemd(inherited: &mut ListenFd, index: usize) -> std::io::Result<Listener> {
    if let Ok(Some(socket)) = inherited.take_tcp_listener(index) {
        return Listener::inherited(socket);
    }
    match inherited.take_unix_listener(index)? {
        Some(socket) => Listener::inherited_unix(socket),
        None => Err(std::io::Error::other(
            "no such socket was handed over; a socket unit has to start this one (`systemctl start cordon.socket`)",
        )),
    }
}
