//! Growth: what a response costs in larger directories, on more connections, on more cores, and what a longer one takes
//! of memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use crate::Fallible;
use crate::compete::{Contestant, Pace, compete};
use crate::figures::{Report, Series, Timing};
use crate::goal::{Verdict, growth};
use crate::load::{Line, get};
use crate::machine::Machine;
use crate::peer::{
    CORDON, CORDON_TOML, NGINX_PASS, REFERENCE, Setup, Started, start_cordon, start_cordon_with, start_nginx,
};
use crate::place::Place;
use crate::scenario::{CALLER, Extent, token};
use crate::sizes::SIZES;

/// How much may be resident more for the longest body than for one of 1.7 MB, in MiB, and still be called flat.
const FLAT: f64 = 16.0;

/// Measures growth. `longest` is the length of the longest body in MiB.
///
/// # Errors
/// If somebody does not answer.
pub fn run(place: &Place, pace: Pace, longest: u32, out: &mut impl Write) -> Fallible<Report> {
    // Cost alone: latencies are those of the other sections.
    let pace = Pace { half: Duration::ZERO, ..pace };
    let mut series = Vec::new();
    for (what, extent) in [
        ("projects", Extent { projects: 1, ..Extent::default() }),
        ("fields", Extent { fields: 1, ..Extent::default() }),
        ("objects", Extent { objects: 1, ..Extent::default() }),
    ] {
        writeln!(out, "{what}: 3 take turns")?;
        series.push(directories(place, pace, what, extent)?);
    }
    let mut goals: Vec<Verdict> = series.iter().filter_map(|series| growth(series, 0)).collect();
    for peer in [REFERENCE, CORDON] {
        writeln!(out, "connections of {peer}: 3 take turns")?;
        let connections = connections(place, pace, peer)?;
        // One connection alone is dearer than a hundred, since its events never come together.
        goals.extend(growth(&connections, 1).filter(|_| peer == CORDON));
        series.push(connections);
    }
    writeln!(out, "cores: 4 take turns")?;
    series.push(cores(place, pace)?);
    let mut timings = Vec::new();
    let memory = bodies(place, longest, out, &mut timings)?;
    goals.push(Verdict {
        goal: format!("peak memory of the longest body − that of 1.7 MB ≤ {FLAT} MiB"),
        measured: memory,
        met: memory <= FLAT,
    });
    Ok(Report {
        section: "growth",
        title: "Growth",
        machine: Machine::describe(place),
        pace: pace.describe(),
        series,
        timings,
        goals,
        notes: vec![
            "Directories: the others of projects, fields and objects are 100 projects and nothing else. Each tenth field \
             and object is of the caller's project."
                .to_owned(),
            "Directories: the policy may compute for 2 s and use 256 MiB, since a plan that names 10,000 fields of the \
             caller's project takes longer than the usual 20 ms. It is asked for once."
                .to_owned(),
            "Connections: all are kept and used in turn, 16 requests at a time.".to_owned(),
            "Cores: load and backend stay on theirs, which the proxy shares in the rows with two.".to_owned(),
        ],
        left_out: Vec::new(),
    })
}

/// The same request in a directory of 10, 1,000 and 100,000 of something.
fn directories(place: &Place, pace: Pace, what: &str, one: Extent) -> Fallible<Series> {
    let times = |number: u32| Extent {
        projects: if one.projects > 0 { number } else { 100 },
        fields: one.fields * number,
        objects: one.objects * number,
        ..Extent::default()
    };
    let rules = "rules = \"rules.toml\"";
    let template =
        CORDON_TOML.replace(rules, &format!("{rules}\ncall_time = \"2s\"\nmemory_bytes = 268435456"));
    let cores = [place.proxy_core];
    let mut running = Vec::new();
    for number in [10, 1_000, 100_000] {
        let setup = Setup { extent: times(number), template: &template, values: &[], cores: &cores };
        running.push((
            format!("{number} {what}"),
            start_cordon_with(place, &format!("{what}-{number}"), &setup)?,
        ));
    }
    let contestants: Vec<Contestant<'_>> =
        running.iter().map(|(name, started)| Contestant::new(name, started, request("calls"))).collect();
    compete(what, &contestants, pace)
}

/// The same request on 1, 100 and 10,000 kept connections.
fn connections(place: &Place, pace: Pace, peer: &str) -> Fallible<Series> {
    let started = start(place, "connections", peer, &[place.proxy_core])?;
    let contestants = [1, 100, 10_000].map(|connections| Contestant {
        connections,
        ..Contestant::new(format!("{peer}, {connections} connections"), &started, request("calls"))
    });
    compete(&format!("connections of {peer}"), &contestants, pace)
}

/// The same on one core and on two.
fn cores(place: &Place, pace: Pace) -> Fallible<Series> {
    let (one, two) = ([place.proxy_core], [place.proxy_core, place.load_core]);
    let mut running = Vec::new();
    for peer in [REFERENCE, CORDON] {
        for (name, cores) in [("one core", &one[..]), ("two cores", &two[..])] {
            running.push((format!("{peer}, {name}"), start(place, &format!("{peer}-{name}"), peer, cores)?));
        }
    }
    let contestants: Vec<Contestant<'_>> =
        running.iter().map(|(name, started)| Contestant::new(name, started, request("calls"))).collect();
    compete("cores", &contestants, pace)
}

/// Bodies from small to large, one at a time. Tells how many MiB more were resident for the longest than for 1.7 MB.
fn bodies(place: &Place, longest: u32, out: &mut impl Write, timings: &mut Vec<Timing>) -> Fallible<f64> {
    let mut files: Vec<(String, String)> =
        [SIZES[0], SIZES[3]].map(|size| (size.name.to_owned(), size.file.to_owned())).into();
    for length in [longest / 16, longest] {
        let file = format!("{length}-mebibytes");
        write_log(&place.served(&file), u64::from(length) << 20)?;
        files.push((format!("{length} MiB"), file));
    }
    let mut peaks = Vec::new();
    for (name, file) in files {
        writeln!(out, "one body of {name}")?;
        // Of its own for each, so that no memory is left from the one before.
        let cordon = start_cordon(place, &format!("body-{file}"), Extent::default())?;
        let mut line = Line::open(cordon.address)?;
        let before = cordon.process.cpu()?;
        let mut length = 0_u64;
        let status = line.ask(&get(&format!("/calls/{file}"), &token(CALLER)), &mut |bytes| {
            length += bytes.len() as u64;
        })?;
        if status != 200 {
            return Err(format!("{name}: status {status}").into());
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (peak, cpu) =
            (cordon.process.peak_memory() as f64 / 1024.0, (cordon.process.cpu()? - before) as f64 / 1e6);
        peaks.push(peak);
        timings.push(Timing { name: format!("{name}: peak memory"), unit: "MiB", figures: vec![peak] });
        timings.push(Timing { name: format!("{name}: CPU for it"), unit: "ms", figures: vec![cpu] });
    }
    Ok(peaks[3] - peaks[1])
}

/// A call log of at least this length, by repeating the entries of one.
fn write_log(file: &Path, length: u64) -> Fallible<()> {
    let log = SIZES[2].body();
    let log = std::str::from_utf8(&log)?;
    let entries =
        log.strip_prefix("{\"data\":[").and_then(|log| log.split_once("],\"meta\"")).ok_or("no call log")?.0;
    let mut out = BufWriter::new(File::create(file)?);
    write!(out, "{{\"data\":[{entries}")?;
    let mut written = entries.len() as u64;
    while written < length {
        write!(out, ",{entries}")?;
        written += entries.len() as u64;
    }
    write!(out, "],\"meta\":{{\"total\":0,\"page\":1}}}}")?;
    Ok(out.flush()?)
}

fn start(place: &Place, folder: &str, peer: &str, cores: &[usize]) -> Fallible<Started> {
    let folder = format!("{folder}-{peer}").replace(' ', "-");
    if peer == REFERENCE {
        return start_nginx(place, &folder, NGINX_PASS, &[], cores);
    }
    let setup = Setup { extent: Extent::default(), template: CORDON_TOML, values: &[], cores };
    start_cordon_with(place, &folder, &setup)
}

fn request(folder: &str) -> Vec<u8> {
    get(&format!("/{folder}/{}", SIZES[1].file), &token(CALLER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::filtered;

    #[test]
    fn a_long_log_is_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        write_log(&file, 400_000).unwrap();
        let body = std::fs::read(&file).unwrap();
        assert!((400_000..800_000).contains(&body.len()), "{}", body.len());
        assert!(filtered(&body).unwrap()["data"].as_array().unwrap().len() > 150);
    }
}
