//! The machine's clock jumps, by hours and by years, forward and back, under a proxy that serves: nothing hangs, nobody
//! gets what is not theirs, and only what a wall clock decides changes. Debian's `faketime` makes it jump.

mod serving;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use serving::{NOTES_OF_PROJECTS, Serving, lay_out};
use tempfile::TempDir;

/// One of each project, and what a caller gets of them who is in the first.
const NOTES: &str =
    r#"{"data":[{"id":1,"project":"acme","text":"theirs"},{"id":2,"project":"globex","text":"hidden"}]}"#;
const ACMES: &str = r#"{"data":[{"id":1}]}"#;
const OLGA: &str = "demo-token-of-olga";
/// Of both projects.
const BORIS: &str = "demo-token-of-boris";
const BORIS_HASHED: &str = "sha256:0945";
/// Globex's.
const CLARA: &str = "demo-token-of-clara";
const CLARAS: &str = r#"{"data":[{"id":2}]}"#;
/// By which tokens are signed, and by which we ask about others.
const SECRET: &[u8] = b"a secret of thirty-two characters, or more";
const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

/// The backend, and who issued opaque tokens.
struct Others {
    address: SocketAddr,
    /// Lets the archive's last part go.
    go_on: Sender<()>,
    /// How often somebody asked about a token.
    asked: Arc<AtomicUsize>,
}

impl Others {
    fn start(expires: u64) -> Others {
        let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let address = listener.local_addr().expect("an address");
        let (go_on, told) = channel();
        let told = Arc::new(Mutex::new(told));
        let asked = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (told, count) = (Arc::clone(&told), Arc::clone(&count));
                let wait = move || {
                    // The test may be over.
                    _ = told.lock().unwrap_or_else(PoisonError::into_inner).recv();
                };
                // The other side may be gone.
                std::thread::spawn(move || _ = answer(stream, expires, &wait, &count));
            }
        });
        Others { address, go_on, asked }
    }
}

fn answer(mut stream: TcpStream, expires: u64, wait: &dyn Fn(), asked: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut target, mut length) = (String::new(), 0);
        if reader.read_line(&mut target)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let known = body.starts_with(b"token=opaque");
        let text = if target.starts_with("POST /introspect ") {
            asked.fetch_add(1, Ordering::Relaxed);
            json!({"active": known, "sub": "sub-olga", "exp": expires}).to_string()
        } else {
            NOTES.to_owned()
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        if target.starts_with("GET /archive ") {
            let (first, last) = text.split_at(text.len() / 2);
            write!(stream, "{head} {}\r\n\r\n{first}", text.len())?;
            wait();
            stream.write_all(last.as_bytes())?;
        } else {
            write!(stream, "{head} {}\r\n\r\n{text}", text.len())?;
        }
    }
}

/// Where `faketime` has its library for programs with threads.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|library| library.is_file())
}

/// The clock of a process, which it looks up each time that it wants to know it.
struct Clock(PathBuf);

impl Clock {
    /// Puts it so many seconds ahead of the machine's.
    fn jump(&self, seconds: i64) {
        let aside = self.0.with_extension("new");
        fs::write(&aside, format!("{seconds:+}\n")).expect("it can be written");
        fs::rename(aside, &self.0).expect("it can be put there");
    }
}

fn token(expires: u64) -> String {
    let claims = json!({"iss": "issuer", "aud": "notes", "sub": "sub-olga", "exp": expires});
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET)).expect("it is signed")
}

/// Status and body of a GET with this bearer token.
fn get(address: SocketAddr, path: &str, token: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in time, and ends");
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.unwrap_or_else(|| panic!("no answer: {answer:?}")), body.to_owned())
}

/// Callers who ask without a pause until they are told to stop. What each of them must get never changes.
struct Load(Arc<AtomicBool>, Vec<std::thread::JoinHandle<usize>>);

impl Load {
    fn start(address: SocketAddr) -> Load {
        let stop = Arc::<AtomicBool>::default();
        let caller = |(token, expected): (&'static str, &'static str)| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut answers = 0;
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(get(address, "/notes", token), (200, expected.to_owned()), "{token}");
                    answers += 1;
                }
                answers
            })
        };
        let callers = [(OLGA, ACMES), (CLARA, CLARAS), (OLGA, ACMES)].map(caller);
        Load(stop, callers.into())
    }

    fn end(self) -> usize {
        self.0.store(true, Ordering::Relaxed);
        self.1.into_iter().map(|caller| caller.join().expect("every answer was right")).sum()
    }
}

fn start(folder: &Path, library: &Path, clock: &Clock) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
    command
        .arg("serve")
        .current_dir(folder)
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock.0)
        .env("FAKETIME_NO_CACHE", "1")
        // What is monotonic stays so: that is what a machine's clock does, too.
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
    Serving::run(command)
}

#[test]
fn jumps_of_the_clock_change_only_what_the_clock_decides() {
    let Some(library) = library() else {
        assert!(std::env::var_os("CI").is_none(), "faketime is missing: install Debian's package faketime");
        return eprintln!("skipped: faketime is missing; install Debian's package faketime");
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let expires = now + 1800;
    let others = Others::start(expires);
    let folder = TempDir::new().expect("a folder");
    lay_out(folder.path(), NOTES_OF_PROJECTS);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let directory = fs::read_to_string(folder.path().join("directory.toml")).expect("it is there");
    let olga = "login = \"olga\"\n";
    assert!(directory.contains(olga));
    let directory = directory.replace(olga, &format!("{olga}subjects = [\"sub-olga\"]\n"));
    let without_boris = directory.replace(BORIS_HASHED, "sha256:0000");
    assert!(directory != without_boris);
    write("directory.toml", &directory);
    write("secret", std::str::from_utf8(SECRET).expect("text"));
    let backend = others.address;
    write(
        "cordon.toml",
        &format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://{backend}\"\n\
             [policy]\nrules = \"rules.toml\"\n[directory]\nfile = \"directory.toml\"\n\
             [identity.jwt]\nsecret_file = \"secret\"\nissuer = \"issuer\"\naudience = \"notes\"\nleeway = \"1s\"\n\
             [identity.introspection]\nurl = \"http://{backend}/introspect\"\nclient = \"cordon\"\n\
             secret_file = \"secret\"\nremember = \"1h\"\n\
             [access_log]\nto = \"access.log\"\n[limits]\nrequest_head_timeout = \"500ms\"\n"
        ),
    );
    let clock = Clock(folder.path().join("clock"));
    clock.jump(0);
    let mut serving = start(folder.path(), &library, &clock);
    let address = serving.address;
    let signed = token(expires);
    let theirs = (200, ACMES.to_owned());
    let is_let_in = |credential: &str| match get(address, "/notes", credential) {
        (200, body) if body == ACMES => true,
        (401, body) if !body.contains("hidden") => false,
        other => panic!("{other:?}"),
    };
    assert!(is_let_in(&signed) && is_let_in("opaque"));
    let load = Load::start(address);
    // An answer under way over all of it.
    let download = std::thread::spawn(move || get(address, "/archive", OLGA));

    for jump in [HOUR, 10 * YEAR, -20 * YEAR, 60 * YEAR, 0] {
        clock.jump(jump);
        // Credentials count for as long as they say, by the clock: remembered or not.
        let is_current = i64::try_from(now).expect("a time") + jump < i64::try_from(expires).expect("a time");
        assert_eq!(is_let_in(&signed), is_current, "a signed token, {jump} s away");
        assert_eq!(is_let_in("opaque"), is_current, "a remembered token, {jump} s away");
        assert_eq!(get(address, "/notes", OLGA), theirs, "{jump} s away");
        // A head that does not end is waited for by no clock.
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        stream.write_all(b"GET /notes HTTP/1.1\r\nHost:").expect("it takes it");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it closes in time");
        // What is followed is followed: a token that is taken away is nobody's. One that no clock judges, since only
        // of such a one does an answer tell which directory gave it.
        write("directory.toml", &without_boris);
        assert!(serving.signal("HUP"));
        until("the directory is read", || get(address, "/notes", BORIS).0 == 401);
        write("directory.toml", &directory);
        assert!(serving.signal("HUP"));
        until("the directory is read again", || get(address, "/notes", BORIS).0 == 200);
    }
    let asked = others.asked.load(Ordering::Relaxed);
    others.go_on.send(()).expect("the backend waits");
    assert_eq!(download.join().expect("an answer"), theirs);
    let answers = load.end();
    assert!(answers > 50, "{answers}");
    // The token's issuer was asked now and then, and not for each of the requests.
    assert!(asked < 50, "{asked}");
    assert!(serving.terminate(), "and ends with success");

    // Each exchange has a line, with the time that the clock told, and a duration that it did not tell.
    let log = fs::read_to_string(folder.path().join("access.log")).expect("it is there");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("an entry"));
    let mut years = std::collections::BTreeSet::new();
    for line in lines {
        let took = line["microseconds"].as_u64().expect("a duration");
        assert!(took < 120_000_000, "{line}");
        years.insert(line["time"].as_str().expect("a time")[..4].to_owned());
        assert!(!line.to_string().contains("hidden"), "{line}");
    }
    assert!(years.len() >= 4, "{years:?}");
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
