//! How many connections there are, in all and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out places for connections.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    per_address: Option<usize>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place, free again when it is dropped.
pub(crate) struct Place {
    _one: OwnedSemaphorePermit,
    address: Option<(Arc<Places>, IpAddr)>,
}

impl Places {
    pub(crate) fn new(all: usize, per_address: Option<usize>) -> Arc<Places> {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        Arc::new(Places { all, per_address, by_address: Mutex::default() })
    }

    /// Waits until there is a place for anybody.
    pub(crate) async fn one(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// A place, if there is one.
    pub(crate) fn one_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).try_acquire_owned().ok()
    }

    /// Takes the place for a client from this address. `None`: the address has as many as it may have.
    pub(crate) fn take(
        self: &Arc<Places>,
        one: OwnedSemaphorePermit,
        address: Option<IpAddr>,
    ) -> Option<Place> {
        let (Some(most), Some(address)) = (self.per_address, address.map(origin)) else {
            return Some(Place { _one: one, address: None });
        };
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = by_address.entry(address).or_default();
        if *taken >= most {
            return None;
        }
        *taken += 1;
        Some(Place { _one: one, address: Some((Arc::clone(self), address)) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, address)) = &self.address else { return };
        let mut by_address = places.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut taken) = by_address.entry(*address) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

/// What is one client as far as its address tells: of IPv6, whoever has an address mostly has all that share the first 64
/// bits with it.
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn h11_an_address_has_its_places_and_gets_them_back() {
        let places = Places::new(10, Some(2));
        let take = |address: &str| {
            let one = places.one_now().expect("there are ten");
            places.take(one, Some(address.parse().expect("an address")))
        };
        let first = take("10.0.0.1");
        let second = take("::ffff:10.0.0.1");
        assert!(first.is_some() && second.is_some());
        assert!(take("10.0.0.1").is_none(), "the third of one address");
        assert!(take("10.0.0.2").is_some());
        drop(first);
        assert!(take("10.0.0.1").is_some());
        let _of_a_network = [take("2001:db8::1"), take("2001:db8::2:1")].map(|place| place.expect("two"));
        assert!(take("2001:db8::3:1").is_none());
        assert!(take("2001:db8:0:1::1").is_some());
        drop(second);
        assert_eq!(
            places.by_address.lock().expect("no panic").len(),
            1,
            "only who has a place is remembered"
        );
        assert_eq!(places.all.available_permits(), 8);
    }
}
