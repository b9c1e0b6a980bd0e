//! A proxy that has no file descriptors left refuses what it cannot do, tells nobody anything, and recovers.

mod serving;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serving::{NOTES_OF_PROJECTS, Serving, answer, lay_out};
use tempfile::TempDir;

/// Descriptors that the proxy may have.
const DESCRIPTORS: usize = 64;
/// In one project, by the demo's directory.
const TOKEN: &str = "demo-token-of-olga";

/// A backend that answers each request on a connection of its own.
fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let body = r#"{"data":[{"id":1,"project":"nobodys","secret":"hidden"}]}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            // The other side may be gone.
            _ = stream.read(&mut head).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn a_proxy_without_descriptors_recovers() {
    let folder = TempDir::new().expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
    lay_out(folder.path(), NOTES_OF_PROJECTS);
    let config = format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://{}\"\n[policy]\nrules = \"rules.toml\"\n\
         [directory]\nfile = \"directory.toml\"\n",
        backend()
    );
    write("cordon.toml", &config);
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("ulimit -n {DESCRIPTORS}; exec \"$0\" serve"),
        env!("CARGO_BIN_EXE_cordon"),
    ]);
    let mut serving = Serving::run({
        command.current_dir(folder.path());
        command
    });
    let quiet = serving.answer("/notes", TOKEN);
    assert!(quiet.starts_with("HTTP/1.1 200") && quiet.ends_with(r#"{"data":[]}"#), "{quiet}");

    // More connections than descriptors; the kernel accepts what the proxy cannot.
    let idle: Vec<TcpStream> =
        (0..3 * DESCRIPTORS).map_while(|_| TcpStream::connect(serving.address).ok()).collect();
    assert!(idle.len() > DESCRIPTORS, "{}", idle.len());
    assert!(serving.logs("cannot accept a connection", 1), "no descriptor is missing");
    // Who has asked for nothing gets nothing.
    for mut stream in &idle {
        stream.set_nonblocking(true).expect("a socket");
        assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
    }
    drop(idle);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match answer(serving.address, "/notes", TOKEN) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => {
                break assert!(answer.ends_with(r#"{"data":[]}"#));
            }
            other => assert!(Instant::now() < deadline, "it has not recovered: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(serving.terminate(), "and ends with success");
}
