//! `cordon directory sync` against the sample backend, and against answers that no backend should give.

use cordon_example_backend::{Backend, BackendOptions, QUEUES, Running};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::place::{Place, text};

#[test]
fn the_backends_objects_are_added_named_marked_as_gone_and_come_back() {
    let (backend, _runtime) = backend();
    let place = place(
        &backend,
        &queues("/api/queues?per_page=5", "page_parameter = \"page\"\ntotal = \"$.meta.total\""),
    );
    place.done(&["project", "create", "acme", "Acme"]);
    place.done(&["object", "add", "queue", "11", "--name", "Another name", "--project", "acme"]);
    place.done(&["object", "add", "queue", "999", "--name", "Closed", "--project", "acme"]);
    let planned = place.done(&["sync", "--dry-run"]);
    assert!(planned.contains("~ queue 11: name Another name → Acme hotline\n"), "{planned}");
    assert!(planned.contains("~ queue 999: gone – → yes\n"), "{planned}");
    assert!(planned.contains("+ queue 43: name Umbrella billing\n"), "{planned}");
    assert_eq!(place.json(&["status"])["change"], 4);

    place.done(&["sync"]);
    assert_eq!(place.json(&["status"])["change"], 5, "one change for all");
    assert_eq!(place.json(&["history", "--limit", "1"])[0]["actor"], "sync");
    assert_eq!(listed(&place, &[]).len(), QUEUES.len() + 1);
    assert_eq!(listed(&place, &["--gone"]), ["999"]);
    assert_eq!(listed(&place, &["--project", "acme"]), ["11", "999"], "what is there keeps its projects");
    assert_eq!(place.done(&["sync"]), "nothing changed: it is so already\n");

    // A shorter list: the rest is gone, and comes back.
    configure(&place, &backend, &queues("/api/queues?per_page=6", ""));
    place.done(&["sync"]);
    assert_eq!(listed(&place, &["--gone"]).len(), QUEUES.len() - 6 + 1);
    configure(&place, &backend, &queues("/api/queues?per_page=500", ""));
    place.done(&["sync"]);
    assert_eq!(listed(&place, &["--gone"]), ["999"]);
}

#[test]
fn new_objects_go_where_the_list_or_the_configuration_says() {
    let (backend, _runtime) = backend();
    let lists = format!(
        "{}\n[[sync]]\nkind = \"script\"\npath = \"/api/scripts\"\nrecords = \"$.data[*]\"\nid = \"$.id\"\n\
         project = \"$.author.login\"\n",
        queues("/api/queues", "land = \"default\"")
    );
    let place = place(&backend, &lists);
    place.done(&["simplify"]);
    place.done(&["enhance"]);
    place.done(&["project", "create", "people", "People", "--alias", "adam"]);
    place.done(&["sync"]);
    assert_eq!(listed(&place, &["--project", "default"]).len(), QUEUES.len());
    let scripts = place.json(&["object", "list", "--type", "script", "--project", "people"]);
    assert_eq!(scripts.as_array().map(Vec::len), Some(8));
    // Both lists are one change.
    assert_eq!(place.json(&["history", "--limit", "1"])[0]["changes"].as_array().map(Vec::len), Some(20));
}

#[test]
fn a_page_that_is_wrong_changes_nothing() {
    let (backend, _runtime) = backend();
    let place = place(&backend, "");
    place.done(&["object", "add", "queue", "11"]);
    let before = place.done(&["export", "--format", "json"]);
    let faults = [
        ("/api/faults/cut", "broke off"),
        ("/api/faults/cut-length", "broke off"),
        ("/api/faults/down", "cannot be reached"),
        ("/api/faults/broken-json", "not JSON"),
        ("/api/faults/duplicate-keys", "two members of one name"),
        ("/api/faults/deep", "not JSON"),
        ("/api/faults/gzip", "compressed"),
        ("/api/faults/content-type", "does not call itself JSON"),
        ("/api/nothing", "status 404"),
    ];
    for (path, expected) in faults {
        configure(&place, &backend, &queues(path, ""));
        let output = place.run(&["sync"]);
        assert_eq!(output.status.code(), Some(1), "{path}: {}", text(&output.stdout));
        let said = text(&output.stderr);
        assert!(said.contains(expected) && said.contains("nothing was changed"), "{path}: {said}");
    }
    for (list, expected) in [
        (
            queues("/api/queues", "total = \"$.meta.per_page\""),
            "they have 12 objects, and say that there are 25",
        ),
        (queues("/api/queues", "next = \"$.meta.page\""), "no address at `next`"),
        (queues("/api/queues", "total = \"$.meta.all\""), "no number at `total`"),
        (queues("/api/queues", "").replace("$.data", "$.items"), "nothing at `records`"),
        (
            queues("/api/queues", "").replace("$.id", "$.sip"),
            "object 1 has no one text or whole number at `id`",
        ),
    ] {
        configure(&place, &backend, &list);
        let output = place.run(&["sync"]);
        assert_eq!(output.status.code(), Some(1), "{list}");
        assert!(text(&output.stderr).contains(expected), "{expected}: {}", text(&output.stderr));
    }
    // A list that cannot be read spoils the others too.
    configure(
        &place,
        &backend,
        &(queues("/api/queues", "") + &queues("/api/faults/down", "").replace("queue", "form")),
    );
    assert_eq!(place.run(&["sync"]).status.code(), Some(1));
    assert_eq!(place.done(&["export", "--format", "json"]), before);
}

#[test]
fn an_empty_list_is_believed_only_when_told_to() {
    let (backend, _runtime) = backend();
    let place = place(&backend, &queues("/api/queues?page=99", ""));
    place.done(&["object", "add", "queue", "11"]);
    assert!(place.refused(&["sync"]).contains("--allow-empty"));
    assert!(place.refused(&["sync", "--dry-run"]).contains("--allow-empty"));
    place.done(&["sync", "--allow-empty"]);
    assert_eq!(listed(&place, &["--gone"]), ["11"]);
}

#[test]
fn a_service_credential_and_a_list_are_needed() {
    let (backend, _runtime) = backend();
    let place = place(&backend, "");
    assert!(place.refused(&["sync"]).contains("[[sync]]"));
    place.configure_all(
        "database = \"sqlite:cordon.db\"",
        &format!("http://{}", backend.address),
        &queues("/api/queues", ""),
    );
    place.write("backend.token", "no-such-token\n");
    let output = place.run(&["sync"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("status 401"), "{}", text(&output.stderr));
    let two = queues("/api/queues", "") + &queues("/api/other", "land = \"nowhere\"\nid_ = 3");
    configure(&place, &backend, &two);
    let refused = place.refused(&["sync"]);
    for expected in ["neither \"default\" nor \"unassigned\"", "unknown setting `id_`"] {
        assert!(refused.contains(expected), "{refused}");
    }
}

fn backend() -> (Running, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = "127.0.0.1:0".parse().expect("an address");
    let options = BackendOptions { faults: true };
    (runtime.block_on(Backend::start_with(address, options)).expect("it listens"), runtime)
}

fn place(backend: &Running, lists: &str) -> Place {
    let place = Place::uninitialised();
    configure(&place, backend, lists);
    place.done(&["init"]);
    place
}

fn configure(place: &Place, backend: &Running, lists: &str) {
    place.configure_all("database = \"sqlite:cordon.db\"", &format!("http://{}", backend.address), lists);
}

fn queues(path: &str, rest: &str) -> String {
    format!(
        "[[sync]]\nkind = \"queue\"\npath = \"{path}\"\nrecords = \"$.data[*]\"\nid = \"$.id\"\nname = \"$.name\"\n{rest}\n"
    )
}

/// Ids of the queues that a list has.
fn listed(place: &Place, arguments: &[&str]) -> Vec<String> {
    let queues = place.json(&[&["object", "list", "--type", "queue"], arguments].concat());
    let id = |queue: &Value| queue["id"].as_str().map(str::to_owned);
    queues.as_array().into_iter().flatten().filter_map(id).collect()
}
