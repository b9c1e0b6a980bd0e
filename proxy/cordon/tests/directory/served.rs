//! What a command changes is in force at the next request (D8).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_example_backend::{Attribution, Backend, Data, SEED};

use crate::place::Place;
use crate::serving::Serving;

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn a_changed_membership_is_seen_at_the_next_request() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = "127.0.0.1:0".parse().expect("an address");
    let backend = runtime.block_on(Backend::start(address)).expect("it listens");
    let place = Place::uninitialised();
    let database = "database = \"sqlite:cordon.db\"";
    place.configure_all(database, &format!("http://{}", backend.address), "");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
    for name in ["rules.toml", "directory.toml"] {
        place.write(name, &fs::read_to_string(demo.join(name)).expect("it is there"));
    }
    place.done(&["init"]);
    place.done(&["import", "directory.toml"]);
    let data = Data::generate(SEED);
    let call = data
        .calls
        .values()
        .find(|call| call.project == "globex" && matches!(call.attribution, Attribution::Queue(_)))
        .expect("there is such a call");
    let path = format!("/api/calls/{}", call.id);

    let serving = Serving::start(place.folder());
    assert_eq!(serving.get(&path, "demo-token-of-olga"), 404);
    place.done(&["user", "edit", "olga", "--add-project", "globex"]);
    // The command and the server are two processes: the server looks at the log every few milliseconds.
    let deadline = Instant::now() + Duration::from_secs(20);
    while serving.get(&path, "demo-token-of-olga") != 200 {
        assert!(Instant::now() < deadline, "the changed membership is not in force");
        std::thread::sleep(Duration::from_millis(20));
    }
    place.done(&["user", "edit", "olga", "--remove-project", "globex"]);
    while serving.get(&path, "demo-token-of-olga") != 404 {
        assert!(Instant::now() < deadline, "the changed membership is not in force");
        std::thread::sleep(Duration::from_millis(20));
    }
}
