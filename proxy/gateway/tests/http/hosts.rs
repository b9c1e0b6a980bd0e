//! Several hosts behind one name: choice, failure, repetition (H10), health, names that move, sockets, and places that
//! are taken.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_gateway::{ActiveCheck, GatewayConfig, HostAddress, HostStatus, Resolve, Resolved, Resolver};
use http::uri::PathAndQuery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::backend::{Backend, Script, Seen, Then, fed, json, raw, reply};
use crate::stage::{ANNAS_CALLS, Stage, call, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

fn at(address: SocketAddr) -> HostAddress {
    address.to_string().parse().unwrap()
}

/// An address where nobody listens.
fn nowhere() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn backend(handler: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Backend {
    Backend::start(Arc::new(handler)).await
}

/// A gateway before these hosts.
async fn before(hosts: Vec<HostAddress>, change: impl FnOnce(&mut GatewayConfig)) -> Stage {
    let told = |config: &mut GatewayConfig| {
        config.backend.hosts = hosts;
        // Longer than any test takes: who is ejected stays so.
        config.backend.checks.eject_time = Duration::from_secs(1000);
        config.backend.checks.eject_longest = Duration::from_secs(1000);
        change(config);
    };
    Stage::with("enhanced", told, |_| panic!("the URL says only what the backend is called")).await
}

fn good(_: &Seen) -> Script {
    json(calls(TWO))
}

#[tokio::test]
async fn requests_go_to_all_hosts_under_one_name() {
    let backends = [backend(good).await, backend(good).await, backend(good).await];
    let named = |config: &mut GatewayConfig| config.backend.url = "http://crm.internal".parse().unwrap();
    let stage = before(backends.iter().map(|backend| at(backend.address)).collect(), named).await;
    for _ in 0..60 {
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    }
    for backend in &backends {
        let seen = backend.seen();
        assert!(seen.len() > 5, "{}", seen.len());
        assert!(seen.iter().all(|seen| seen.header("host") == Some("crm.internal")));
    }
    let state = stage.gateway.backend_state();
    assert_eq!(state.hosts.iter().map(|host| host.requests).sum::<u64>(), 60);
    assert!(state.hosts.iter().all(|host| host.status == HostStatus::Up && host.in_flight == 0), "{state:?}");
    assert_eq!((state.in_flight, state.waiting, state.refused, state.retries), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_host_that_is_down_costs_no_request_whatever_it_asks_for() {
    let up = backend(good).await;
    let down = nowhere();
    let stage = before(vec![at(down), at(up.address)], |_| {}).await;
    for _ in 0..20 {
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
        let found = stage.send("anna", "POST", "/api/search", "", "{\"q\":1}").await;
        assert_eq!(found.status, 200, "nothing was sent to the host that is down: {found:?}");
    }
    assert_eq!(
        up.seen().iter().filter(|seen| seen.method == "POST" && seen.body == b"{\"q\":1}").count(),
        20
    );
    let state = stage.gateway.backend_state();
    let host = state.hosts.iter().find(|host| host.address == down.to_string()).unwrap();
    assert_eq!((host.status, host.ejections, host.connects), (HostStatus::Ejected, 1, 0), "{host:?}");
    assert_eq!(host.connects_failed, 5, "it is left out after so many");
    assert_eq!(state.hosts[1].status, HostStatus::Up);
}

#[tokio::test]
async fn ejection_never_leaves_out_everybody() {
    let failing = |_: &Seen| reply("500 No\r\nContent-Type: application/json", "{}");
    let backends = [backend(failing).await, backend(failing).await];
    let stage = before(backends.iter().map(|backend| at(backend.address)).collect(), |_| {}).await;
    for _ in 0..60 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 500);
    }
    let state = stage.gateway.backend_state();
    assert!(state.hosts.iter().all(|host| host.status == HostStatus::Ejected), "{state:?}");
    assert!(backends.iter().all(|backend| backend.seen().len() > 10), "both are asked all the same");
}

#[tokio::test]
async fn h10_a_get_that_was_never_answered_goes_to_another_host() {
    let silent = backend(|_| raw("", Then::Close)).await;
    let up = backend(good).await;
    let stage = before(vec![at(silent.address), at(up.address)], |_| {}).await;
    for _ in 0..30 {
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    }
    let state = stage.gateway.backend_state();
    assert_eq!(state.retries, silent.seen().len() as u64, "{state:?}");
    assert_eq!(state.hosts[0].status, HostStatus::Ejected, "{state:?}");
}

#[tokio::test]
async fn h10_what_changes_something_is_given_to_one_host_once() {
    let answered = Arc::new(AtomicUsize::new(0));
    let silent = |_: &Seen| raw("", Then::Close);
    let backends = [backend(silent).await, backend(silent).await];
    let stage = before(backends.iter().map(|backend| at(backend.address)).collect(), |_| {}).await;
    for _ in 0..20 {
        let reply = stage.send("anna", "POST", "/api/search", "", "{}").await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "backend-unreachable"));
        answered.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(backends.iter().map(|backend| backend.seen().len()).sum::<usize>(), 20);
    assert_eq!(stage.gateway.backend_state().retries, 0);
}

#[tokio::test]
async fn h10_an_answer_of_one_byte_is_an_answer() {
    let begun = backend(|_| raw("H", Then::Close)).await;
    let stage = before(vec![at(begun.address)], |_| {}).await;
    for asked in 1..=5 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
        assert_eq!(begun.seen().len(), asked);
    }
}

#[tokio::test]
async fn h10_repetitions_have_a_budget() {
    let silent = backend(|_| raw("", Then::Close)).await;
    let stingy = |config: &mut GatewayConfig| {
        config.backend.host_limits.retry_percent = 20;
        config.backend.host_limits.retries_per_second = 0;
    };
    let stage = before(vec![at(silent.address)], stingy).await;
    for _ in 0..50 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
    }
    let state = stage.gateway.backend_state();
    assert!((5..=15).contains(&state.retries), "a fifth of 50: {state:?}");
    assert_eq!(silent.seen().len() as u64, 50 + state.retries);
    assert!(state.retries_refused > 30, "{state:?}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_its_check_is_left_out_until_it_does() {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let checked = move |seen: &Seen| match seen.target.as_str() {
        "/up" if !well.load(Ordering::Relaxed) => reply("503 Starting", ""),
        "/up" => reply("204 Well", ""),
        _ => json(calls(TWO)),
    };
    let (sick, up) = (backend(checked).await, backend(good).await);
    let check = |config: &mut GatewayConfig| {
        let check = ActiveCheck::new(PathAndQuery::from_static("/up"));
        config.backend.checks.active = Some(ActiveCheck { interval: Duration::from_millis(20), ..check });
    };
    let stage = before(vec![at(sick.address), at(up.address)], check).await;
    until(&stage, |hosts| hosts[0] == HostStatus::Unhealthy).await;
    let before = requests(&sick);
    for _ in 0..20 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
    assert_eq!(requests(&sick), before);
    let checks = sick.seen();
    let check = checks.iter().find(|seen| seen.target == "/up").unwrap();
    assert_eq!((check.method.as_str(), check.header("authorization")), ("GET", None));
    is_well.store(true, Ordering::Relaxed);
    until(&stage, |hosts| hosts[0] == HostStatus::Up).await;
    for _ in 0..40 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
    assert!(requests(&sick) > before);
}

/// Requests that are no checks.
fn requests(backend: &Backend) -> usize {
    backend.seen().iter().filter(|seen| seen.target != "/up").count()
}

async fn until(stage: &Stage, is_so: impl Fn(&[HostStatus]) -> bool) {
    for _ in 0..1000 {
        let hosts = stage.gateway.backend_state().hosts;
        if is_so(&hosts.iter().map(|host| host.status).collect::<Vec<_>>()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", stage.gateway.backend_state());
}

/// Names as a test says.
struct Names(Mutex<Vec<SocketAddr>>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str, _port: u16) -> Resolved<'a> {
        assert_eq!(name, "crm.internal");
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async move {
            if addresses.is_empty() { Err(std::io::Error::other("no such name")) } else { Ok(addresses) }
        })
    }
}

#[tokio::test]
async fn a_name_that_moves_is_followed() {
    let backends = [backend(good).await, backend(good).await];
    let names = Arc::new(Names(Mutex::default()));
    let resolver = Resolver(Arc::clone(&names) as Arc<dyn Resolve>);
    let named = |config: &mut GatewayConfig| {
        config.backend.url = "http://crm.internal:9000".parse().unwrap();
        config.backend.resolver = resolver;
        config.backend.checks.resolve_interval = Duration::from_millis(20);
    };
    let stage = before(Vec::new(), named).await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "backend-unreachable"));
    let moved = async |to: &[SocketAddr], known: &[SocketAddr]| {
        *names.0.lock().unwrap() = to.to_vec();
        let mut expected = known.iter().map(ToString::to_string).collect::<Vec<_>>();
        expected.sort();
        for _ in 0..1000 {
            let hosts = stage.gateway.backend_state().hosts;
            let mut addresses = hosts.into_iter().map(|host| host.address).collect::<Vec<_>>();
            addresses.sort();
            if addresses == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", stage.gateway.backend_state());
    };
    let [first, second] = [backends[0].address, backends[1].address];
    moved(&[first], &[first]).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    assert_eq!((backends[0].seen().len(), backends[1].seen().len()), (1, 0));
    moved(&[first, second], &[first, second]).await;
    assert_eq!(stage.gateway.backend_state().hosts.iter().map(|host| host.requests).sum::<u64>(), 1, "kept");
    moved(&[second], &[second]).await;
    for _ in 0..5 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
    assert_eq!((backends[0].seen().len(), backends[1].seen().len()), (1, 5));
    moved(&[], &[second]).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200, "the last addresses stay in use");
}

#[tokio::test]
async fn a_backend_may_be_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(1..) = stream.read(&mut buffer).await {
                    let _ = stream.write_all(&json(calls(TWO)).bytes).await;
                }
            });
        }
    });
    let stage = before(vec![HostAddress::Unix(path.clone())], |_| {}).await;
    for _ in 0..3 {
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    }
    let state = stage.gateway.backend_state();
    assert_eq!(state.hosts[0].address, format!("unix:{}", path.display()));
    assert_eq!((state.hosts[0].connects, state.hosts[0].idle), (1, 1), "one connection is enough");
}

#[tokio::test]
async fn beyond_its_places_a_backend_is_not_asked() {
    let (feed, handler) = fed("application/json");
    let slow = backend(handler).await;
    let narrow = |config: &mut GatewayConfig| {
        config.backend.host_limits.requests = 1;
        config.backend.host_limits.waiting = 1;
        config.backend.host_limits.waiting_time = Duration::from_secs(20);
    };
    let stage = Arc::new(before(vec![at(slow.address)], narrow).await);
    let ask = || {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { stage.get("anna", "/api/calls").await })
    };
    let first = ask();
    under_way(&stage, 1, 0).await;
    let second = ask();
    under_way(&stage, 1, 1).await;
    for path in ["/api/calls", "/api/calls/1", "/api/calls/2", "/api/calls/2/recording"] {
        let refused = stage.get("anna", path).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "backend-overloaded"), "{path}");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    assert_eq!(stage.gateway.backend_state().refused, 4);
    assert_eq!(slow.seen().len(), 1);
    feed.send(calls(TWO)).unwrap();
    drop(feed);
    assert_eq!(first.await.unwrap().text(), ANNAS_CALLS);
    // The second one's answer is empty, which is no JSON; but it was asked.
    assert_eq!(second.await.unwrap().code(), "backend-response");
    assert_eq!(slow.seen().len(), 2);
    under_way(&stage, 0, 0).await;
}

#[tokio::test]
async fn who_waits_for_too_long_is_told() {
    let (_feed, handler) = fed("application/json");
    let slow = backend(handler).await;
    let narrow = |config: &mut GatewayConfig| {
        config.backend.host_limits.connections = 1;
        config.backend.host_limits.waiting_time = Duration::from_millis(50);
    };
    let stage = Arc::new(before(vec![at(slow.address)], narrow).await);
    let other = Arc::clone(&stage);
    let first = tokio::spawn(async move { other.get("anna", "/api/calls").await });
    under_way(&stage, 1, 0).await;
    assert_eq!(stage.get("anna", "/api/calls").await.code(), "backend-overloaded");
    first.abort();
    under_way(&stage, 0, 0).await;
}

async fn under_way(stage: &Stage, in_flight: usize, waiting: usize) {
    for _ in 0..1000 {
        let state = stage.gateway.backend_state();
        if (state.in_flight, state.waiting) == (in_flight, waiting) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", stage.gateway.backend_state());
}

#[tokio::test]
async fn a_record_is_probed_and_changed_at_any_host() {
    let one = |seen: &Seen| match seen.method.as_str() {
        "GET" if seen.target == "/api/calls/2" => json(call(2, "zeta")),
        _ => json(call(1, "acme")),
    };
    let backends = [backend(one).await, backend(one).await];
    let stage = before(backends.iter().map(|backend| at(backend.address)).collect(), |_| {}).await;
    for _ in 0..10 {
        assert_eq!(stage.send("anna", "PUT", "/api/calls/1", "", "{}").await.status, 200);
        assert_eq!(stage.send("anna", "PUT", "/api/calls/2", "", "{}").await.status, 404);
    }
    let seen = backends.iter().flat_map(Backend::seen).collect::<Vec<_>>();
    assert_eq!(seen.iter().filter(|seen| seen.method == "PUT").count(), 10);
    assert!(seen.iter().all(|seen| seen.method == "GET" || seen.target == "/api/calls/1"));
}
