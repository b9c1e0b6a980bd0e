//! WebSockets (RFC 6455) of governed routes, message by message (H6).
//!
//! The client's handshake and the backend's are two: ours is made anew, without extensions, so that nothing is
//! compressed on either side. Frames end here too. What comes are whole messages, each an exchange of its own: one of
//! the backend goes through the editor, one of the client is decided on, and what neither can be said of is not sent.
//! Pings are answered here, and what stands in them, and in reasons to close, goes no further: nobody has judged it.

mod beside;
mod ending;
mod handshake;
mod message;
mod relay;
mod said;
mod socket;
mod tunnel;

pub(crate) use beside::Beside;
pub(crate) use ending::Side;
pub(crate) use handshake::{Upgrade, is_lawful, method};
pub(crate) use message::{Edited, Measure, edit};
pub(crate) use relay::{NOT_OFFERED, Opened, Opening, Terms, open};
pub(crate) use tunnel::Tunnel;
