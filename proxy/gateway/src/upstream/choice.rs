//! Which host is asked: of two at random the one with less under way, of those that are well.
//!
//! Of two, not of all: hosts that have just come back, or that fail fast, have least under way, and all proxies would
//! send them everything at once.

use std::sync::Arc;

use tokio::time::Instant;

use crate::upstream::host::Host;

/// The hosts in the order in which they are worth asking: one of each kind, and none twice.
///
/// `tried` are those that failed this request. They come last, since another may do better.
pub(super) fn choose(
    hosts: &[Arc<Host>],
    tried: &[Arc<Host>],
    panic_percent: u32,
    connections: usize,
) -> Choice {
    if let [only] = hosts {
        return if only.enter(connections) { Choice::Host(Arc::clone(only)) } else { Choice::Full };
    }
    let now = Instant::now();
    let available = hosts.iter().filter(|host| host.health.is_available(now)).count();
    // Too few are left: better ask all (Envoy calls it panic).
    let is_panic = (available as u64) * 100 < u64::from(panic_percent.max(1)) * hosts.len() as u64;
    let is_new = |host: &Arc<Host>| !tried.iter().any(|other| Arc::ptr_eq(host, other));
    let is_well = |host: &Arc<Host>| is_panic || host.health.is_available(now);
    for worth in [
        &(|host: &Arc<Host>| is_new(host) && is_well(host)) as &dyn Fn(&Arc<Host>) -> bool,
        &(|host: &Arc<Host>| is_new(host) && !tried.is_empty()),
        &(|host: &Arc<Host>| is_well(host)),
    ] {
        match of_two(hosts, worth, connections) {
            // Places at a host that is well are worth waiting for; nothing else is asked instead.
            Choice::None => {}
            choice => return choice,
        }
    }
    Choice::None
}

/// What came of choosing.
pub(super) enum Choice {
    /// This host, where a place is taken.
    Host(Arc<Host>),
    /// There are hosts, but none has a place.
    Full,
    /// There are no hosts.
    None,
}

fn of_two(hosts: &[Arc<Host>], worth: &dyn Fn(&Arc<Host>) -> bool, connections: usize) -> Choice {
    let worthy = || hosts.iter().filter(|host| worth(host));
    let total = worthy().count();
    if total == 0 {
        return Choice::None;
    }
    let first = rand::random_range(0..total);
    let second = if total == 1 { first } else { (first + rand::random_range(1..total)) % total };
    let pair = [worthy().nth(first), worthy().nth(second)];
    let least = pair.into_iter().flatten().min_by_key(|host| host.in_flight());
    // Full ones are passed over, whatever the dice say.
    match least.into_iter().chain(worthy()).find(|host| host.enter(connections)) {
        Some(host) => Choice::Host(Arc::clone(host)),
        None => Choice::Full,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::config::HostChecks;
    use crate::upstream::connect::Place;

    fn hosts(number: u16) -> Vec<Arc<Host>> {
        (1..=number)
            .map(|port| Host::new("host".into(), Place::Socket(SocketAddr::from(([127, 0, 0, 1], port)))))
            .collect()
    }

    fn chosen(hosts: &[Arc<Host>], tried: &[Arc<Host>], connections: usize) -> Option<Arc<Host>> {
        match choose(hosts, tried, 50, connections) {
            Choice::Host(host) => Some(host),
            Choice::Full | Choice::None => None,
        }
    }

    fn eject(host: &Host) {
        let checks = HostChecks::default();
        (0..checks.eject_after).for_each(|_| _ = host.health.failure(&checks, Instant::now()));
    }

    #[test]
    fn load_is_even_though_only_two_are_looked_at() {
        let hosts = hosts(5);
        for _ in 0..500 {
            chosen(&hosts, &[], usize::MAX).expect("there are hosts");
        }
        let loads = hosts.iter().map(|host| host.in_flight()).collect::<Vec<_>>();
        assert!(loads.iter().all(|load| (90..=110).contains(load)), "{loads:?}");
    }

    #[test]
    fn ejected_hosts_are_left_out_until_too_few_are_left() {
        let hosts = hosts(4);
        eject(&hosts[0]);
        eject(&hosts[1]);
        for _ in 0..100 {
            let host = chosen(&hosts, &[], usize::MAX).expect("two are well");
            assert!(!Arc::ptr_eq(&host, &hosts[0]) && !Arc::ptr_eq(&host, &hosts[1]));
        }
        eject(&hosts[2]);
        let asked = (0..400).filter_map(|_| chosen(&hosts, &[], usize::MAX)).collect::<Vec<_>>();
        for host in &hosts {
            assert!(
                asked.iter().any(|other| Arc::ptr_eq(other, host)),
                "one of four is too few: all are asked"
            );
        }
    }

    #[test]
    fn a_host_that_failed_the_request_comes_last() {
        let hosts = hosts(3);
        for _ in 0..50 {
            let host = chosen(&hosts, &hosts[..2], usize::MAX).expect("the third");
            assert!(Arc::ptr_eq(&host, &hosts[2]));
        }
        eject(&hosts[2]);
        let host = chosen(&hosts, &hosts[..2], usize::MAX).expect("the third");
        assert!(Arc::ptr_eq(&host, &hosts[2]), "not well, but new");
        assert!(chosen(&hosts, &hosts, usize::MAX).is_some(), "better one of them again than nothing");
    }

    #[test]
    fn no_host_gets_more_than_its_connections() {
        let hosts = hosts(2);
        let taken = (0..10).filter_map(|_| chosen(&hosts, &[], 3)).count();
        assert_eq!(taken, 6);
        assert!(hosts.iter().all(|host| host.in_flight() == 3));
        hosts[1].leave();
        let host = chosen(&hosts, &[], 3).expect("a place is free");
        assert!(Arc::ptr_eq(&host, &hosts[1]));
    }
}
