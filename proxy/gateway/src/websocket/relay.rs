//! Messages from one side to the other, as long as both are there and may go on.
//!
//! Each direction is a loop of its own that reads a message, judges it and waits until the other side has taken it: one
//! message is in memory for each, and who does not read is not read for (H11).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, Method, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::access::Entry;
use crate::answer::AnswerBody;
use crate::audit::Spoken;
use crate::gateway::Gateway;
use crate::request::body::UpstreamBody;
use crate::request::head::without_hops;
use crate::request::query::Query;
use crate::rescue::Cause;
use crate::response::{check, headers};
use crate::stack::Round;
use crate::standing::{Standing, look};
use crate::upstream::{self, BackendBody};
use crate::websocket::beside::Beside;
use crate::websocket::ending::{End, Side};
use crate::websocket::handshake::Upgrade;
use crate::websocket::message::{Edited, decided, edited};
use crate::websocket::socket::{self, Incoming, Outgoing};
use crate::websocket::tunnel::Ending;

/// What the backend is asked besides for a WebSocket.
pub(crate) struct Opening<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
}

/// By what messages are judged.
pub(crate) struct Terms<'a> {
    /// Names of the headers of the backend's answer that pass. None: all do.
    pub(crate) headers: Option<&'a [String]>,
    pub(crate) standing: Standing,
    /// None: nobody audits.
    pub(crate) audit: Option<Spoken>,
    /// Where nothing is enforced: what would be.
    pub(crate) beside: Option<Beside>,
}

/// What comes of asking for a WebSocket.
pub(crate) enum Opened {
    Answer(Response<AnswerBody>),
    /// The backend's answer, which is none to an upgrade, where nothing is enforced.
    Declined(Response<BackendBody>),
}

/// Asks the backend for a WebSocket, and answers the client with one if it gives one.
///
/// # Errors
/// The client's connection stays what it was.
pub(crate) async fn open(
    round: &Round<'_>,
    upgrade: Upgrade,
    opening: Opening<'_>,
    terms: Terms<'_>,
    entry: &mut Entry,
) -> Result<Opened, Cause> {
    let tunnel = round.origin.tunnel.clone().ok_or(Cause::Head(NOT_OFFERED))?;
    let Opening { path, query, mut headers } = opening;
    let passes = |name: &str| terms.headers.is_none_or(|names| names.iter().any(|other| other == name));
    let asking = upgrade.ask(&mut headers, passes(header::SEC_WEBSOCKET_PROTOCOL.as_str()))?;
    let body = UpstreamBody::empty();
    let outgoing = upstream::Outgoing { method: Method::GET, path, query, headers, body };
    let mut response = round.send(outgoing, entry).await?;
    let is_enforced = terms.standing.admitted().is_some();
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        if !is_enforced {
            return Ok(Opened::Declined(response));
        }
        check::status(response.status(), round.gateway.upstream.credential_is_ours())?;
    }
    let backend = hyper::upgrade::on(&mut response);
    // What is left of the response keeps the place at the backend that the connection takes.
    let (head, place) = response.into_parts();
    let protocol = asking.answered(&head)?;
    if let Some(audit) = &terms.audit {
        audit.before_unfiltered(&terms.standing).await?;
    }
    let mut answer = Upgrade::answer(upgrade.accept(), protocol, Arc::clone(&tunnel));
    match terms.headers {
        Some(names) => headers::copy(names, &head.headers, answer.headers_mut()),
        None => copy_all(&head.headers, answer.headers_mut()),
    }
    let gateway = Arc::clone(round.gateway);
    let Terms { standing, audit, beside, .. } = terms;
    tunnel.open(move |entry, ending| async move {
        let sides = (upgrade.connection, backend);
        run(sides, gateway, Judges { standing: Mutex::new(standing), audit, beside }, entry, ending).await;
        drop(place);
    });
    Ok(Opened::Answer(answer))
}

/// Copies the headers of the backend's handshake that are not of the handshake itself.
fn copy_all(from: &HeaderMap, to: &mut HeaderMap) {
    let mut headers = without_hops(from);
    for name in [
        header::SEC_WEBSOCKET_ACCEPT,
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::CONTENT_LENGTH,
    ] {
        headers.remove(name);
    }
    to.extend(headers);
}

/// What is told to whom asks for something else than a WebSocket that the rules know.
pub(crate) const NOT_OFFERED: &str = "Upgrading the connection is not offered.";

/// What judges messages.
struct Judges {
    standing: Mutex<Standing>,
    audit: Option<Spoken>,
    beside: Option<Beside>,
}

/// What both directions share.
struct Shared {
    gateway: Arc<Gateway>,
    standing: Mutex<Standing>,
    audit: std::sync::Mutex<Option<Spoken>>,
    beside: Option<Beside>,
    entry: std::sync::Mutex<Box<Entry>>,
    began: Instant,
    /// When each side was last heard of, in milliseconds after the beginning.
    client_heard: AtomicU64,
    backend_heard: AtomicU64,
}

async fn run(
    (client, backend): (OnUpgrade, OnUpgrade),
    gateway: Arc<Gateway>,
    Judges { standing, audit, beside }: Judges,
    entry: Box<Entry>,
    ending: Ending,
) {
    let (client, backend) = match tokio::try_join!(client, backend) {
        Ok(both) => both,
        Err(error) => return tracing::debug!(%error, "no WebSocket after the handshake"),
    };
    let limits = &gateway.config.websocket;
    let (mut to_client, mut from_client) = socket::split(client, Role::Server, limits.client_message).await;
    let (mut to_backend, mut from_backend) =
        socket::split(backend, Role::Client, limits.backend_message).await;
    let shared = Shared {
        gateway,
        standing,
        audit: std::sync::Mutex::new(audit),
        beside,
        entry: std::sync::Mutex::new(entry),
        began: Instant::now(),
        client_heard: AtomicU64::new(0),
        backend_heard: AtomicU64::new(0),
    };
    let end = tokio::select! {
        end = shared.forward(&mut from_client, &mut to_backend) => end,
        end = shared.tell(&mut from_backend, &mut to_client) => end,
        end = shared.watch() => end,
        () = ending => End::draining(),
    };
    shared.note(&end);
    let client = socket::part(to_client, from_client, end.client);
    let backend = socket::part(to_backend, from_backend, end.backend);
    tokio::join!(client, backend);
}

impl Shared {
    /// The client's messages. It also asks the backend whether it is still there.
    async fn forward(&self, incoming: &mut Incoming, outgoing: &mut Outgoing) -> End {
        let mut ask = self.asking();
        loop {
            let came = tokio::select! {
                came = incoming.next() => came,
                _ = ask.tick() => {
                    if let Err(end) = self.ask(Side::Backend, outgoing).await {
                        return end;
                    }
                    continue;
                }
            };
            self.heard(Side::Client);
            let outcome = match self.message(Side::Client, came) {
                Ok(Some(message)) => match self.admit(&message).await {
                    Ok(()) => self.send(Side::Backend, outgoing, message).await,
                    Err(end) => Err(end),
                },
                Ok(None) => Ok(()),
                Err(end) => Err(end),
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    /// The backend's messages. It also asks the client whether it is still there.
    async fn tell(&self, incoming: &mut Incoming, outgoing: &mut Outgoing) -> End {
        let mut ask = self.asking();
        loop {
            let came = tokio::select! {
                came = incoming.next() => came,
                _ = ask.tick() => {
                    if let Err(end) = self.ask(Side::Client, outgoing).await {
                        return end;
                    }
                    continue;
                }
            };
            self.heard(Side::Backend);
            let outcome = match self.message(Side::Backend, came) {
                Ok(Some(message)) => match self.judge(message).await {
                    Ok(Some(message)) => self.send(Side::Client, outgoing, message).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                Ok(None) => Ok(()),
                Err(end) => Err(end),
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    /// Ends what does not hold any more though nothing comes.
    async fn watch(&self) -> End {
        loop {
            tokio::time::sleep(look()).await;
            if let Err(end) = self.confirmed(|_| Ok(())).await {
                return end;
            }
        }
    }

    /// Does something with what holds now.
    async fn confirmed<T>(&self, act: impl FnOnce(&Standing) -> Result<T, Cause>) -> Result<T, End> {
        let mut standing = self.standing.lock().await;
        if !standing.is_current() {
            Box::pin(standing.renew()).await.map_err(End::over)?;
        }
        act(&standing).map_err(End::failed)
    }

    /// Whether a client's message may go on.
    async fn admit(&self, message: &Message) -> Result<(), End> {
        self.confirmed(|standing| match standing.admitted() {
            Some(admitted) => decided(message, admitted.measure()),
            None => {
                self.beside.iter().for_each(|beside| beside.said(message));
                Ok(())
            }
        })
        .await?;
        self.entry(|entry| entry.said(message.len()));
        Ok(())
    }

    /// What a client gets of a backend's message.
    async fn judge(&self, message: Message) -> Result<Option<Message>, End> {
        let limits = &self.gateway.config.editor;
        let (edited, writing) = self
            .confirmed(|standing| {
                let Some(admitted) = standing.admitted() else {
                    let report = self.beside.as_ref().and_then(|beside| beside.told(&message, limits));
                    return Ok((Edited { report, ..Edited::untouched(message) }, None));
                };
                let edited = edited(message, admitted.measure(), limits)?;
                let writing = self.audit(|audit| audit.message(&edited, standing, limits)).flatten();
                Ok((edited, writing))
            })
            .await?;
        if let Some(writing) = writing {
            let written = writing.await;
            self.audit(|audit| audit.written(written)).transpose().map_err(End::failed)?;
        }
        self.entry(|entry| entry.told(edited.message.as_ref().map(Message::len), edited.report.as_ref()));
        Ok(edited.message)
    }

    /// What came, if it is something to pass on.
    fn message(&self, from: Side, came: Option<Result<Message, Error>>) -> Result<Option<Message>, End> {
        match came {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => Ok(Some(message)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Ok(Message::Close(frame))) => {
                Err(End::closed(from, frame.map(|CloseFrame { code, .. }| code)))
            }
            Some(Err(error)) => Err(End::broken(from, &error)),
            None => Err(End::gone(from)),
        }
    }

    async fn send(&self, to: Side, outgoing: &mut Outgoing, message: Message) -> Result<(), End> {
        let patience = self.gateway.config.deadlines.idle;
        match tokio::time::timeout(patience, outgoing.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, side = ?to, "a message was not taken");
                Err(End::gone(to))
            }
            Err(_) => Err(End::gone(to)),
        }
    }

    /// Asks a side whether it is still there, unless it has been silent for too long.
    async fn ask(&self, side: Side, outgoing: &mut Outgoing) -> Result<(), End> {
        let heard = match side {
            Side::Client => &self.client_heard,
            Side::Backend => &self.backend_heard,
        };
        let heard = self.began + Duration::from_millis(heard.load(Ordering::Relaxed));
        if heard.elapsed() > self.gateway.config.deadlines.idle {
            return Err(End::gone(side));
        }
        self.send(side, outgoing, Message::Ping(Vec::new().into())).await
    }

    fn asking(&self) -> tokio::time::Interval {
        let period = (self.gateway.config.deadlines.idle / 2).max(Duration::from_millis(1));
        let mut ask = tokio::time::interval_at(Instant::now() + period, period);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ask
    }

    fn heard(&self, side: Side) {
        let heard = match side {
            Side::Client => &self.client_heard,
            Side::Backend => &self.backend_heard,
        };
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        heard.store(now, Ordering::Relaxed);
    }

    fn note(&self, end: &End) {
        self.entry(|entry| match &end.cause {
            None => entry.complete(),
            Some(cause) => entry.broken(cause),
        });
    }

    fn audit<T>(&self, act: impl FnOnce(&mut Spoken) -> T) -> Option<T> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act)
    }

    fn entry(&self, note: impl FnOnce(&mut Entry)) {
        note(&mut self.entry.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
