//! How `cordon serve` stops, is replaced, and reads its files again, seen by its clients.

mod serving;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serving::{NOTES, Serving, TOKEN, lay_out, status};
use tempfile::TempDir;

/// A backend whose archive is sent in two parts, the second when it is told.
struct Notes {
    address: SocketAddr,
    go_on: Sender<()>,
}

impl Notes {
    fn start() -> Notes {
        let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let address = listener.local_addr().expect("an address");
        let (go_on, told) = channel();
        std::thread::spawn(move || {
            let told = Arc::new(std::sync::Mutex::new(told));
            for stream in listener.incoming().map_while(Result::ok) {
                let told = Arc::clone(&told);
                std::thread::spawn(move || {
                    // The other side may be gone.
                    _ = answer(stream, &told);
                });
            }
        });
        Notes { address, go_on }
    }
}

fn answer(mut stream: TcpStream, told: &std::sync::Mutex<Receiver<()>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(line) = lines.next() {
        let target = line?;
        // The rest of the head.
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        if target.contains("/archive") {
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let record = format!("{{\"id\":1,\"text\":\"{}\"}},", "x".repeat(1000));
            let part = record.repeat(100);
            write!(stream, "{head}9\r\n{{\"data\":[\r\n{:x}\r\n{part}\r\n", part.len())?;
            _ = told.lock().expect("no panic").recv();
            let end = "{\"id\":2,\"text\":\"the last\"}]}";
            write!(stream, "{:x}\r\n{end}\r\n0\r\n\r\n", end.len())?;
        } else {
            let body = "{\"data\":[{\"id\":1,\"text\":\"a\"}]}";
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
    }
    Ok(())
}

fn files(listen: &str, backend: SocketAddr) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write_config(folder.path(), listen, backend);
    lay_out(folder.path(), NOTES);
    folder
}

fn write_config(folder: &Path, listen: &str, backend: SocketAddr) {
    let text = format!(
        "[listen]\n{listen}\n[backend]\nurl = \"http://{backend}\"\n[policy]\nrules = \"rules.toml\"\n\
         [directory]\nfile = \"directory.toml\"\n"
    );
    write(folder, "cordon.toml", &text);
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("it can be written");
}

fn ask(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it takes the request");
}

/// Reads until these bytes have come.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&received).contains(end) {
        let length = stream.read(&mut chunk).expect("it answers");
        assert!(length > 0, "closed after {:?}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8_lossy(&received).into_owned()
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn on_sigterm_what_is_under_way_is_finished() {
    let notes = Notes::start();
    let folder = files("address = \"127.0.0.1:0\"", notes.address);
    let mut serving = Serving::start(folder.path());
    let mut download = TcpStream::connect(serving.address).expect("it listens");
    ask(&mut download, "/archive");
    let begun = read_until(&mut download, "xxxx");
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    let mut kept = TcpStream::connect(serving.address).expect("it listens");
    ask(&mut kept, "/notes");
    read_until(&mut kept, "]}");
    let mut fresh = TcpStream::connect(serving.address).expect("it listens");

    assert!(serving.signal("TERM"));
    assert!(serving.logs("told to stop; requests under way are finished", 1));
    assert!(serving.logs("nobody is let in any more; connections end with what is under way", 1));
    // Who is connected is answered once more, and told that it ends.
    for stream in [&mut kept, &mut fresh] {
        ask(stream, "/notes");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("the connection ends in an orderly way");
        assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with("]}"), "{rest}");
        assert!(rest.to_lowercase().contains("\r\nconnection: close\r\n"), "{rest}");
    }
    // Nobody else is let in.
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(serving.address).is_ok() {
        assert!(Instant::now() < deadline, "it still listens");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The download goes on, to its true end.
    notes.go_on.send(()).expect("the backend waits");
    let mut rest = String::new();
    download.read_to_string(&mut rest).expect("the connection ends in an orderly way");
    assert!(rest.contains("the last") && rest.ends_with("\r\n0\r\n\r\n"), "{rest}");
    assert!(serving.ends(), "with success");
}

/// Clients that ask again and again, each time on a connection of its own.
struct Clients {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Clients {
    fn start(address: SocketAddr) -> Clients {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = || {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            std::thread::spawn(move || {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match status(address, "/notes", TOKEN) {
                        Ok(200) => _ = served.fetch_add(1, Ordering::Relaxed),
                        other => failures.push(format!("{other:?}")),
                    }
                }
                failures
            })
        };
        let threads = (0..4).map(|_| client()).collect();
        Clients { stop, served, threads }
    }

    /// Waits until so many more have been served.
    #[allow(
        clippy::disallowed_methods,
        reason = "the test waits for another process, on a thread of its own"
    )]
    fn served(&self, more: usize) {
        let enough = self.served.load(Ordering::Relaxed) + more;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.served.load(Ordering::Relaxed) < enough {
            assert!(Instant::now() < deadline, "nobody is served");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many were served, and what became of the others.
    fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.threads.into_iter().flat_map(|thread| thread.join().expect("no panic"));
        let failures = failures.collect();
        (self.served.load(Ordering::Relaxed), failures)
    }
}

#[test]
fn another_process_takes_over_a_shared_port_without_losing_a_connection() {
    let notes = Notes::start();
    let folder = files("address = \"127.0.0.1:0\"\nreuse_port = true", notes.address);
    let mut serving = Serving::start(folder.path());
    let address = serving.address;
    write_config(folder.path(), &format!("address = \"{address}\"\nreuse_port = true"), notes.address);
    let clients = Clients::start(address);
    for _ in 0..2 {
        clients.served(30);
        let next = Serving::start(folder.path());
        clients.served(30);
        assert!(serving.terminate(), "the old one ends with success");
        serving = next;
    }
    clients.served(30);
    let (served, failures) = clients.stop();
    assert!(failures.is_empty(), "{} of {served} failed: {failures:?}", failures.len());
}

#[test]
fn a_socket_of_systemd_outlives_processes_without_losing_a_connection() {
    let notes = Notes::start();
    let folder = files("address = \"systemd\"", notes.address);
    let socket = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let address = socket.local_addr().expect("an address");
    // As systemd does: the socket is the third descriptor, and the environment says so to this process.
    let serve = || {
        let mut command = Command::new("sh");
        let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve";
        command.args(["-c", script, env!("CARGO_BIN_EXE_cordon")]).current_dir(folder.path());
        command.stdin(Stdio::from(OwnedFd::from(socket.try_clone().expect("a descriptor"))));
        Serving::run(command)
    };
    let mut serving = serve();
    assert_eq!(serving.address, address);
    let clients = Clients::start(address);
    for _ in 0..2 {
        clients.served(30);
        assert!(serving.terminate(), "it ends with success");
        // Whoever comes now waits in the socket's queue.
        serving = serve();
    }
    clients.served(30);
    let (served, failures) = clients.stop();
    assert!(failures.is_empty(), "{} of {served} failed: {failures:?}", failures.len());
}

#[test]
fn a_socket_that_systemd_did_not_open_is_asked_for() {
    let folder = files("address = \"systemd\"", "127.0.0.1:9".parse().expect("an address"));
    let output = Command::new(env!("CARGO_BIN_EXE_cordon")).arg("serve").current_dir(folder.path()).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(shown.contains("systemctl start cordon.socket"), "{shown}");
}

#[test]
fn sighup_says_what_it_did() {
    let notes = Notes::start();
    let folder =
        files("address = \"127.0.0.1:0\"\ncertificate = \"chain.pem\"\nkey = \"key.pem\"", notes.address);
    let certify = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("it can be made");
        write(folder.path(), "chain.pem", &made.cert.pem());
        write(folder.path(), "key.pem", &made.signing_key.serialize_pem());
    };
    certify();
    let mut serving = Serving::start(folder.path());
    serving.signal("HUP");
    assert!(serving.logs("the TLS certificates are unchanged", 1));
    assert!(serving.logs("the directory is unchanged", 1));
    assert!(serving.logs("the policy is unchanged", 1));
    certify();
    write(folder.path(), "rules.toml", &NOTES.replace("version = \"1\"", "version = \"2\""));
    serving.signal("HUP");
    assert!(serving.logs("a changed policy is in force", 1));
    assert!(serving.logs("changed TLS certificates are in force", 1));
    write(folder.path(), "key.pem", "nonsense");
    write(folder.path(), "rules.toml", "nonsense");
    write(folder.path(), "directory.toml", "nonsense");
    serving.signal("HUP");
    assert!(serving.logs("the changed policy was kept out; the old one stays in force", 1));
    assert!(serving.logs("changed TLS certificates were kept out; the old ones stay in force", 1));
    assert!(serving.logs("the directory in force may be out of date; it stays in force", 1));
    assert!(serving.terminate());
}
