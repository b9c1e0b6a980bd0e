//! `hosts`, `[backend.pool]`, `[backend.retry]`, `[backend.ejection]` and `[backend.health]`: where the backend is, how
//! much each host is asked, and when one is left out.

use cordon_gateway::{ActiveCheck, HostAddress, HostChecks, HostLimits};
use cordon_settings::{Problems, Table, Text, wrong_type};
use http::Uri;
use http::uri::PathAndQuery;

use super::values;

/// What a backend is called when it is known by a socket alone.
const LOCAL: &str = "http://localhost/";

/// What the backend is called, and where it is if that is not the same.
pub(super) fn place(
    table: &mut Table<'_, '_>,
    problems: &mut Problems<'_>,
) -> Option<(Uri, Vec<HostAddress>)> {
    let url = table.required("url", problems);
    let texts = table.texts("hosts", problems);
    let hosts = texts.iter().filter_map(|text| host(text, "hosts", problems)).collect::<Vec<_>>();
    for (index, text) in texts.iter().enumerate() {
        if texts[..index].iter().any(|other| other.value == text.value) {
            problems
                .at(text.span.clone(), format!("`hosts` names {} twice", text.value))
                .help("take one of them out: each would be asked as if it were a host of its own");
        }
    }
    let url = url?;
    if !url.value.starts_with("unix:") {
        return values::url(&url, "url", problems).map(|url| (url, hosts));
    }
    if !texts.is_empty() {
        problems.at(url.span.clone(), "`url` is a socket, and `hosts` says where the backend is, too").help(
            "write the socket into `hosts`, and into `url` what the backend is called, such as \"http://crm.internal\"",
        );
    }
    let socket = host(&url, "url", problems)?;
    Some((Uri::from_static(LOCAL), vec![socket]))
}

fn host(text: &Text, key: &str, problems: &mut Problems<'_>) -> Option<HostAddress> {
    let host = text.value.parse::<HostAddress>();
    if let Err(wrong) = &host {
        problems.hide_if_secret(&text.span);
        problems
            .at(text.span.clone(), format!("`{key}` does not say where a host is"))
            .help(format!("{wrong}, such as \"crm-1.internal:9000\"; `url` says the scheme and the path"));
    }
    host.ok()
}

/// How much the hosts are asked.
pub(super) fn limits(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> HostLimits {
    let mut limits = HostLimits::default();
    if let Some(mut pool) = table.table("pool", problems) {
        limits.connections = pool.count("connections", limits.connections, problems);
        limits.idle_connections = pool.count("idle_connections", limits.idle_connections, problems);
        limits.idle_time = values::duration(&mut pool, "idle_time", limits.idle_time, problems);
        limits.requests = pool.count("requests", limits.requests, problems);
        limits.waiting = from_zero(&mut pool, "waiting", limits.waiting, problems);
        limits.waiting_time = values::duration(&mut pool, "waiting_time", limits.waiting_time, problems);
        pool.finish(problems);
    }
    if let Some(mut retry) = table.table("retry", problems) {
        limits.retry_percent = small(&mut retry, "percent", limits.retry_percent, 1000, problems);
        limits.retries_per_second =
            small(&mut retry, "per_second", limits.retries_per_second, 10_000, problems);
        retry.finish(problems);
    }
    limits
}

/// When a host is left out.
pub(super) fn checks(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> HostChecks {
    let mut checks = HostChecks::default();
    checks.resolve_interval = values::duration(table, "resolve_interval", checks.resolve_interval, problems);
    if let Some(mut ejection) = table.table("ejection", problems) {
        checks.eject_after = counted(&mut ejection, "after", checks.eject_after, problems);
        checks.eject_time = values::duration(&mut ejection, "time", checks.eject_time, problems);
        checks.eject_longest = values::duration(&mut ejection, "longest", checks.eject_longest, problems);
        checks.panic_percent = small(&mut ejection, "panic_percent", checks.panic_percent, 100, problems);
        ejection.finish(problems);
    }
    if let Some(mut health) = table.table("health", problems) {
        checks.active = active(&mut health, problems);
        health.finish(problems);
    }
    checks
}

fn active(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<ActiveCheck> {
    let text = table.required("path", problems);
    let path = text.and_then(|text| {
        let path = text.value.parse::<PathAndQuery>().ok().filter(|path| path.as_str().starts_with('/'));
        if path.is_none() {
            problems.at(text.span, "`path` is no path").help("write it from the root, such as \"/health\"");
        }
        path
    });
    let usual = ActiveCheck::new(PathAndQuery::from_static("/"));
    let check = ActiveCheck {
        path: usual.path,
        interval: values::duration(table, "interval", usual.interval, problems),
        timeout: values::duration(table, "timeout", usual.timeout, problems),
        unhealthy_after: counted(table, "unhealthy_after", usual.unhealthy_after, problems),
        healthy_after: counted(table, "healthy_after", usual.healthy_after, problems),
    };
    path.map(|path| ActiveCheck { path, ..check })
}

fn counted(table: &mut Table<'_, '_>, key: &'static str, usual: u32, problems: &mut Problems<'_>) -> u32 {
    u32::try_from(table.count(key, usual as usize, problems)).unwrap_or(u32::MAX)
}

fn small(
    table: &mut Table<'_, '_>,
    key: &'static str,
    usual: u32,
    most: u32,
    problems: &mut Problems<'_>,
) -> u32 {
    let number = from_zero(table, key, usual as usize, problems);
    match u32::try_from(number).ok().filter(|number| *number <= most) {
        Some(number) => number,
        None => {
            problems
                .at(table.span(), format!("`{key}` is larger than {most}"))
                .help(format!("the usual value is {usual}"));
            usual
        }
    }
}

/// A whole number, which may be zero.
fn from_zero(
    table: &mut Table<'_, '_>,
    key: &'static str,
    usual: usize,
    problems: &mut Problems<'_>,
) -> usize {
    let Some(value) = table.take(key) else { return usual };
    let number = value.get_ref().as_integer();
    let number = number.and_then(|number| usize::from_str_radix(number.as_str(), number.radix()).ok());
    number.unwrap_or_else(|| {
        wrong_type(problems, value, key, "a whole number");
        usual
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use cordon_gateway::BackendConfig;
    use cordon_settings::Problem;

    use crate::config::Config;

    fn read(backend: &str) -> Result<BackendConfig, Vec<Problem>> {
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:1\"\n[policy]\nrules = \"r\"\n[directory]\nfile = \"d\"\n[backend]\n{backend}"
        );
        Config::parse(&text, Path::new(".")).map(|config| config.gateway.backend)
    }

    #[test]
    fn a_socket_needs_no_other_name() {
        let backend = read("url = \"unix:/run/crm.sock\"").expect("it is right");
        assert_eq!(backend.url, "http://localhost/");
        assert_eq!(backend.hosts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["unix:/run/crm.sock"]);
    }

    #[test]
    fn hosts_and_their_limits_are_read() {
        let backend = read(
            "url = \"https://crm.internal/legacy\"\nhosts = [\"10.0.0.5:9443\", \"crm-2.internal:9443\"]\n\
             resolve_interval = \"10s\"\npool = { connections = 64, waiting = 0 }\nretry = { percent = 0 }\n\
             ejection = { after = 2, panic_percent = 0 }\nhealth = { path = \"/up\", interval = \"1s\" }",
        )
        .expect("it is right");
        assert_eq!(backend.hosts.len(), 2);
        assert_eq!((backend.host_limits.connections, backend.host_limits.waiting), (64, 0));
        assert_eq!((backend.host_limits.retry_percent, backend.host_limits.retries_per_second), (0, 10));
        assert_eq!((backend.checks.eject_after, backend.checks.panic_percent), (2, 0));
        assert_eq!(backend.checks.resolve_interval, Duration::from_secs(10));
        let check = backend.checks.active.expect("there is one");
        assert_eq!((check.path.as_str(), check.interval), ("/up", Duration::from_secs(1)));
    }

    #[test]
    fn mistakes_are_named() {
        for (wrong, named) in [
            ("url = \"http://crm\"\nhosts = [\"http://10.0.0.5\"]", "hosts"),
            ("url = \"http://crm\"\nhosts = [\"a:1\", \"a:1\"]", "twice"),
            ("url = \"unix:crm.sock\"", "url"),
            ("url = \"unix:/crm.sock\"\nhosts = [\"a:1\"]", "hosts"),
            ("url = \"http://crm\"\nhealth = {}", "path"),
            ("url = \"http://crm\"\nhealth = { path = \"up\" }", "path"),
            ("url = \"http://crm\"\nejection = { panic_percent = 101 }", "panic_percent"),
            ("url = \"http://crm\"\npool = { connections = 0 }", "connections"),
        ] {
            let problems = read(wrong).expect_err(wrong);
            assert!(problems[0].to_string().contains(named), "{wrong}: {problems:?}");
        }
    }
}
