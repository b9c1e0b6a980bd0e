//! TLS on both sides, and HTTP/2 from clients. The load is `h2load`, which speaks both.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Fallible;
use crate::compete::Pace;
use crate::figures::{Report, Row, Series, Turn};
use crate::machine::Machine;
use crate::oracle::{compare, filtered};
use crate::peer::{CORDON, CORDON_PASS, REFERENCE, Setup, Started, start_cordon_with, start_nginx};
use crate::place::{Place, install};
use crate::scenario::{CALLER, Extent, token};
use crate::sizes::{SIZES, Size};

/// How clients speak: the name, what curl is told, and what h2load is told. There are 16 requests at a time in each.
const PROTOCOLS: [(&str, &str, &[&str]); 2] = [
    ("HTTP/1.1", "--http1.1", &["--h1", "-c", "16", "-m", "1"]),
    ("HTTP/2", "--http2", &["-c", "4", "-m", "4"]),
];

/// Measures both protocols on two sizes.
///
/// # Errors
/// If a program is missing, or somebody does not answer rightly.
pub fn run(place: &Place, pace: Pace, out: &mut impl Write) -> Fallible<Report> {
    let (certificate, key) = certificate(place)?;
    let shown = |file: &Path| file.to_str().map(str::to_owned).ok_or("a path that is no text");
    let (own, secret) = (shown(&certificate)?, shown(&key)?);
    let settings = format!("        ssl_certificate {own};\n        ssl_certificate_key {secret};\n");
    let backend = place.start_backend("tls-backend", " ssl", &settings)?;
    let address = backend.address.to_string();
    let values = [("certificate", own.as_str()), ("key", secret.as_str()), ("tls_backend", address.as_str())];
    let cores = [place.proxy_core];
    let template = include_str!("../../templates/cordon-tls.toml");
    let setup = Setup { extent: Extent::default(), template, values: &values, cores: &cores };
    let nginx = include_str!("../../templates/nginx-tls.conf");
    let nginx = start_nginx(place, "nginx-tls", nginx, &values, &cores)?;
    let (pass, filter) = (
        start_cordon_with(place, "cordon-tls-pass", &setup)?,
        start_cordon_with(place, "cordon-tls", &setup)?,
    );
    let all = [(REFERENCE, &nginx, "calls"), (CORDON_PASS, &pass, "raw"), (CORDON, &filter, "calls")];

    let mut series = Vec::new();
    for (protocol, curl, load) in PROTOCOLS {
        for size in [SIZES[1], SIZES[2]] {
            let body = size.body();
            for (name, started, folder) in all {
                let expected =
                    if name == CORDON { filtered(&body)? } else { serde_json::from_slice::<Value>(&body)? };
                let answer = answer(&url(started.address, folder, size), curl, &certificate)?;
                compare(&answer, &expected).map_err(|error| format!("{name} by {protocol}: {error}"))?;
            }
            writeln!(out, "{protocol}, {}: {} take turns", size.name, all.len())?;
            let mut rows = all.map(|(name, ..)| Row { name: name.to_owned(), turns: Vec::new() });
            for _ in 0..pace.rounds {
                for ((_, started, folder), row) in all.iter().zip(&mut rows) {
                    row.turns.push(turn(started, &url(started.address, folder, size), load, pace)?);
                }
            }
            let name = format!("TLS on both sides, {protocol} from clients, {}", size.name);
            series.push(Series { name, base: REFERENCE.to_owned(), rows: rows.into() });
        }
    }
    Ok(Report {
        section: "protocols",
        title: "TLS and HTTP/2",
        machine: Machine::describe(place),
        pace: format!("{} rounds of {} s", pace.rounds, seconds(pace)),
        series,
        timings: Vec::new(),
        goals: Vec::new(),
        notes: vec![
            "Everybody speaks HTTP/1.1 to the backend, on connections that are kept. The handshakes of the load's \
             connections, 16 and 4, are in the figures."
                .to_owned(),
            "nginx encrypts by OpenSSL, Cordon by rustls with AWS-LC; both choose among what they offer by default."
                .to_owned(),
        ],
        left_out: Vec::new(),
    })
}

fn turn(started: &Started, url: &str, load: &[&str], pace: Pace) -> Fallible<Turn> {
    started.process.forget_peak();
    let before = started.process.cpu()?;
    let output = Command::new("h2load")
        .args(load)
        .args(["-t", "1", "-D", &seconds(pace).to_string()])
        .args(["-H", &format!("authorization: Bearer {}", token(CALLER)), url])
        .output()
        .map_err(|error| format!("h2load: {error}; {}", install("nghttp2-client")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (responses, rate) = counted(&text).ok_or_else(|| format!("h2load says something else: {text}"))?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let cpu = (started.process.cpu()? - before) as f64;
    Ok(Turn {
        cpu_micros: cpu / responses / 1000.0,
        peak_rate: rate,
        peak_memory_kib: started.process.peak_memory(),
        at_half: None,
        at_half_of_base: None,
    })
}

/// How long a turn is: whole seconds, since h2load knows no others.
fn seconds(pace: Pace) -> f64 {
    pace.peak.as_secs_f64().ceil()
}

/// Answers with a status of 2xx, and answers a second, of what h2load prints. None if any answer was another one.
fn counted(text: &str) -> Option<(f64, f64)> {
    let line = |begin: &str| text.lines().find_map(|line| line.strip_prefix(begin));
    let (good, others) = line("status codes: ")?.split_once(" 2xx")?;
    let none = ["0 3xx", "0 4xx", "0 5xx"].iter().all(|none| others.contains(&format!(", {none}")));
    let rate = line("finished in ")?.split_once(", ")?.1.split_once(" req/s")?.0;
    let good: f64 = good.parse().ok()?;
    (none && good > 0.0).then_some((good, rate.parse().ok()?))
}

fn url(address: SocketAddr, folder: &str, size: Size) -> String {
    format!("https://localhost:{}/{folder}/{}", address.port(), size.file)
}

fn answer(url: &str, protocol: &str, certificate: &Path) -> Fallible<Vec<u8>> {
    let output = Command::new("curl")
        .args(["-sS", "--fail", protocol, "--cacert"])
        .arg(certificate)
        .args(["-H", &format!("Authorization: Bearer {}", token(CALLER)), url])
        .output()
        .map_err(|error| format!("curl: {error}; {}", install("curl")))?;
    if !output.status.success() {
        return Err(format!("{url}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}

fn certificate(place: &Place) -> Fallible<(PathBuf, PathBuf)> {
    let settings = place.write("tls", "certificate.cnf", include_str!("../../templates/certificate.cnf"))?;
    let (certificate, key) = (settings.with_file_name("certificate.pem"), settings.with_file_name("key.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .arg("-config")
        .arg(&settings)
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .map_err(|error| format!("openssl: {error}; {}", install("openssl")))?;
    if !output.status.success() {
        return Err(format!("no certificate: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok((certificate, key))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn only_good_answers_are_counted() {
        let text = |codes: &str| {
            format!(
                "progress: 10% done\n\nfinished in 2.00s, 15123.50 req/s, 2.1MB/s\n\
                 requests: 30247 total, 30263 started, 30247 done, 30247 succeeded, 0 failed, 0 errored, 0 timeout\n\
                 status codes: {codes}\n"
            )
        };
        assert_eq!(counted(&text("30247 2xx, 0 3xx, 0 4xx, 0 5xx")), Some((30247.0, 15123.5)));
        assert_eq!(counted(&text("30247 2xx, 0 3xx, 10 4xx, 0 5xx")), None);
        assert_eq!(counted(&text("0 2xx, 0 3xx, 0 4xx, 0 5xx")), None);
        assert_eq!(counted("nothing"), None);
    }
}
