//! The retrofit that the README shows, done as it says.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_retrofit_of_the_readme_does_what_it_says() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md"))
        .expect("it is there");
    let backend = backend(block(&page, "json backend"));
    let folder = TempDir::new().expect("a folder");
    for name in ["directory.toml", "rules.toml", "cordon.toml"] {
        let text = block(&page, &format!("toml {name}")).replace("127.0.0.1:9000", &backend);
        fs::write(folder.path().join(name), text).expect("it can be written");
    }
    let cordon = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    cordon(&["check"]);
    let seen: Value =
        serde_json::from_slice(&cordon(&["see", "--as", "olga", "--json", "GET", "/api/calls"]))
            .expect("JSON");
    let expected: Value = serde_json::from_str(&block(&page, "json olga")).expect("JSON");
    assert_eq!(seen["answer"]["body"], expected, "{seen:#}");
    assert_eq!(seen["answer"]["status"], 200);
}

/// The code block of this name, without the indentation of the list that it stands in.
fn block(page: &str, name: &str) -> String {
    let fence = format!("```{name}\n");
    let (before, rest) = page.split_once(&fence).unwrap_or_else(|| panic!("no block `{name}`"));
    let indent = before.len() - before.trim_end_matches(' ').len();
    let inside = rest.lines().take_while(|line| line.trim() != "```");
    inside.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect()
}

/// A server that gives every request the same answer, once per connection; its address.
fn backend(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // A request head of a GET fits; what it says is of no interest here.
            _ = stream.read(&mut [0; 8192]);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}
