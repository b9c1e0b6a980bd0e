//! Why a WebSocket ends, and what each side is told.

use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::rescue::{Cause, Culprit};
use crate::standing::Over;

/// Which side something came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Backend,
}

/// How it ends.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) client: Farewell,
    pub(crate) backend: Farewell,
    /// Whose fault it is. None: it was closed.
    pub(crate) cause: Option<Cause>,
}

/// What a side is told at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// A close frame with this code. None: with no code.
    Close(Option<CloseCode>),
    /// It has said so itself, and gets its answer.
    Answered,
    /// It is not there any more.
    Gone,
}

/// What a side is told. Reasons are not given: nobody has judged those of the other side.
pub(crate) fn frame(code: Option<CloseCode>) -> Option<CloseFrame> {
    code.map(|code| CloseFrame { code, reason: "".into() })
}

impl End {
    fn new(client: Farewell, backend: Farewell, cause: Option<Cause>) -> End {
        End { client, backend, cause }
    }

    /// A side has closed it, with this code.
    pub(crate) fn closed(by: Side, code: Option<CloseCode>) -> End {
        let (own, other) = (Farewell::Answered, Farewell::Close(code));
        match by {
            Side::Client => End::new(own, other, None),
            Side::Backend => End::new(other, own, None),
        }
    }

    /// The gateway stops.
    pub(crate) fn draining() -> End {
        let away = Farewell::Close(Some(CloseCode::Away));
        End::new(away, away, None)
    }

    /// It must not go on under what it goes by.
    pub(crate) fn over(over: Over) -> End {
        match over {
            Over::Changed => End::new(
                Farewell::Close(Some(CloseCode::Restart)),
                Farewell::Close(Some(CloseCode::Away)),
                None,
            ),
            Over::Refused(cause) => End::failed(cause),
        }
    }

    /// Something went wrong with what a side sent, or with judging it.
    pub(crate) fn failed(cause: Cause) -> End {
        let (client, backend) = match &cause {
            Cause::Frames(Side::Client, code) => (*code, CloseCode::Away),
            Cause::Frames(Side::Backend, code) => (CloseCode::Error, *code),
            Cause::Busy | Cause::Stale => (CloseCode::Again, CloseCode::Away),
            cause => match cause.culprit() {
                Culprit::Caller => (CloseCode::Policy, CloseCode::Away),
                Culprit::Backend | Culprit::Policy | Culprit::Gateway => (CloseCode::Error, CloseCode::Away),
            },
        };
        End::new(Farewell::Close(Some(client)), Farewell::Close(Some(backend)), Some(cause))
    }

    /// A side does not keep to the protocol, or is not there any more.
    pub(crate) fn broken(by: Side, error: &Error) -> End {
        let code = match error {
            Error::Capacity(_) => CloseCode::Size,
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::gone(by),
            Error::Protocol(_) => CloseCode::Protocol,
            _ => return End::gone(by),
        };
        End::failed(Cause::Frames(by, code))
    }

    /// A side went away without a word.
    pub(crate) fn gone(by: Side) -> End {
        match by {
            Side::Client => {
                End::new(Farewell::Gone, Farewell::Close(Some(CloseCode::Away)), Some(Cause::NotTaken))
            }
            Side::Backend => {
                let cause = Cause::Lost("a WebSocket that was not closed".into());
                End::new(Farewell::Close(Some(CloseCode::Error)), Farewell::Gone, Some(cause))
            }
        }
    }
}
