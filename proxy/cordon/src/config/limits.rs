//! `[limits]`: how large things may be, how many, how often, and how long clients may take.

use std::num::NonZeroU32;
use std::time::Duration;

use cordon_gateway::{Deadlines, GatewayConfig, LeastRate, Limits, Rate};
use cordon_settings::{Problems, Table};

use super::values;

/// Reads the table into the gateway's configuration, and how many threads there are to be.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    gateway: &mut GatewayConfig,
    problems: &mut Problems<'_>,
) -> Option<usize> {
    editor(table, &mut gateway.editor, problems);
    let usual = gateway.limits;
    let body = usize::try_from(usual.request_body).unwrap_or(usize::MAX);
    gateway.limits = Limits {
        request_body: table.count("request_body_bytes", body, problems) as u64,
        request_head: table.count("request_head_bytes", usual.request_head, problems),
        request_headers: table.count("request_headers", usual.request_headers, problems),
        streams: u32::try_from(table.count("streams", usual.streams as usize, problems)).unwrap_or(u32::MAX),
        connections: table.count("connections", usual.connections, problems),
        connections_per_address: optional_count(table, "connections_per_address", problems),
        requests: table.count("requests", usual.requests, problems),
        per_address: rate(table, "per_address", problems),
        per_caller: rate(table, "per_caller", problems),
        least_rate: least_rate(table, usual.least_rate, problems),
        ..usual
    };
    let usual = gateway.deadlines;
    gateway.deadlines = Deadlines {
        handshake: values::duration(table, "handshake_timeout", usual.handshake, problems),
        request_head: values::duration(table, "request_head_timeout", usual.request_head, problems),
        drain: values::duration(table, "drain_timeout", usual.drain, problems),
        drain_notice: values::optional_duration(table, "drain_notice", problems),
        ..usual
    };
    optional_count(table, "threads", problems)
}

fn editor(table: &mut Table<'_, '_>, editor: &mut cordon_rewrite::Limits, problems: &mut Problems<'_>) {
    let usual = editor.clone();
    *editor = cordon_rewrite::Limits {
        record: table.count("record_bytes", usual.record, problems),
        held: table.count("held_bytes", usual.held, problems),
        depth: table.count("depth", usual.depth, problems),
        name: table.count("name_bytes", usual.name, problems),
        string: table.count("string_bytes", usual.string, problems),
        number: table.count("number_bytes", usual.number, problems),
        members: table.count("members", usual.members, problems),
        expansion: table.count("expansion", usual.expansion, problems),
        ..usual
    };
}

/// A whole number above zero that may be left out.
fn optional_count(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<usize> {
    let is_there = table.take(key).is_some();
    let count = table.count(key, usize::MAX, problems);
    is_there.then_some(count)
}

fn rate(table: &mut Table<'_, '_>, key: &'static str, problems: &mut Problems<'_>) -> Option<Rate> {
    let mut inner = table.table(key, problems)?;
    let number = |number: usize| NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX));
    // Zero stands for what is missing: written it would be a mistake of its own.
    let requests = inner.count("requests", 0, problems);
    let every = values::duration(&mut inner, "every", Duration::from_secs(1), problems);
    let burst = inner.count("burst", requests, problems);
    let rate = match (number(requests), number(burst)) {
        (Some(requests), Some(burst)) => Some(Rate { requests, every, burst }),
        _ => {
            problems
                .at(inner.span(), format!("`{key}` does not say how many `requests` there may be"))
                .help("write it as { requests = 100, every = \"1s\", burst = 200 }");
            None
        }
    };
    inner.finish(problems);
    rate
}

fn least_rate(table: &mut Table<'_, '_>, usual: LeastRate, problems: &mut Problems<'_>) -> LeastRate {
    let Some(mut inner) = table.table("least_rate", problems) else { return usual };
    let bytes = inner.count("bytes", usize::try_from(usual.bytes).unwrap_or(usize::MAX), problems) as u64;
    let every = values::duration(&mut inner, "every", usual.every, problems);
    inner.finish(problems);
    LeastRate { bytes, every }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(limits: &str) -> Result<Limits, String> {
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:1\"\n[policy]\nrules = \"r\"\n[directory]\nfile = \"d\"\n\
             [backend]\nurl = \"http://crm\"\n[limits]\n{limits}"
        );
        let config = Config::parse(&text, Path::new("."));
        config.map(|config| config.gateway.limits).map_err(|problems| format!("{problems:?}"))
    }

    #[test]
    fn rates_are_read() {
        let limits = read(
            "requests = 500\nper_caller = { requests = 20, every = \"10s\", burst = 5 }\n\
             per_address = { requests = 100 }",
        )
        .expect("it is right");
        let number = |number| NonZeroU32::new(number).expect("above zero");
        assert_eq!(limits.requests, 500);
        let caller = Rate { requests: number(20), every: Duration::from_secs(10), burst: number(5) };
        assert_eq!(limits.per_caller, Some(caller));
        let address = Rate { requests: number(100), every: Duration::from_secs(1), burst: number(100) };
        assert_eq!(limits.per_address, Some(address));
        assert_eq!(read("").expect("it is right").per_caller, None);
    }

    #[test]
    fn the_least_rate_is_read() {
        let usual = Limits::default().least_rate;
        let read = |text: &str| read(text).expect("it is right").least_rate;
        assert_eq!(read(""), usual);
        assert_eq!(read("least_rate = {}"), usual);
        assert_eq!(read("least_rate = { bytes = 5 }"), LeastRate { bytes: 5, ..usual });
        let both = LeastRate { bytes: 4096, every: Duration::from_secs(10) };
        assert_eq!(read("least_rate = { bytes = 4096, every = \"10s\" }"), both);
    }

    #[test]
    fn a_least_rate_that_says_nothing_is_a_mistake() {
        for (wrong, about) in [
            ("least_rate = 5", "least_rate"),
            ("least_rate = { bytes = 0 }", "bytes"),
            ("least_rate = { every = \"0s\" }", "every"),
            ("least_rate = { every = 5 }", "every"),
            ("least_rate = { requests = 5 }", "requests"),
        ] {
            let problems = read(wrong).expect_err(wrong);
            assert!(problems.contains(about), "{problems}");
        }
    }

    #[test]
    fn a_rate_without_its_number_is_a_mistake() {
        for wrong in [
            "per_caller = {}",
            "per_address = { burst = 5 }",
            "per_caller = { requests = 0 }",
            "per_caller = 5",
        ] {
            let problems = read(wrong).expect_err(wrong);
            assert!(problems.contains("per_caller") || problems.contains("per_address"), "{problems}");
        }
    }
}
