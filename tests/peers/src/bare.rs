//! A proxy that is nothing but hyper: one thread, connections that are kept, heads and bodies handed on. It is the floor
//! of what a proxy on this library costs.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use crate::Fallible;

type Idle = Rc<RefCell<Vec<SendRequest<Incoming>>>>;

/// Serves until it is ended.
///
/// # Errors
/// If it cannot listen.
pub fn serve(listen: SocketAddr, backend: SocketAddr) -> Fallible<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::bind(listen).await?;
        let idle = Idle::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let idle = Rc::clone(&idle);
            let service = service_fn(move |request| {
                let idle = Rc::clone(&idle);
                // A failure ends the client's connection, which the load reports.
                async move { hand_on(request, backend, &idle).await }
            });
            spawn_local(async move {
                let serving = hyper::server::conn::http1::Builder::new();
                let _ = serving.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn hand_on(
    mut request: Request<Incoming>,
    backend: SocketAddr,
    idle: &Idle,
) -> Fallible<Response<Incoming>> {
    let ready = std::iter::from_fn(|| idle.borrow_mut().pop()).find(SendRequest::is_ready);
    let mut sender = match ready {
        Some(sender) => sender,
        None => connect(backend).await?,
    };
    request.headers_mut().insert(HOST, HeaderValue::from_str(&backend.to_string())?);
    request.headers_mut().remove(CONNECTION);
    let mut response = sender.send_request(request).await?;
    response.headers_mut().remove(CONNECTION);
    response.headers_mut().remove(TRANSFER_ENCODING);
    // It takes the next request when this answer's body is through.
    let idle = Rc::clone(idle);
    spawn_local(async move {
        if sender.ready().await.is_ok() {
            idle.borrow_mut().push(sender);
        }
    });
    Ok(response)
}

async fn connect(backend: SocketAddr) -> Fallible<SendRequest<Incoming>> {
    let stream = TcpStream::connect(backend).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    spawn_local(async move {
        let _ = connection.await;
    });
    Ok(sender)
}
