//! Figures for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use cordon_directory::Status;
use http::{Method, StatusCode};

/// Requests by route, method and status. There are as many of each as the program has, not as callers invent.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, &'static str, u16), u64>>,
}

impl Metrics {
    pub(crate) fn count(&self, route: &str, method: &Method, status: StatusCode) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), word(method), status.as_u16())).or_default() += 1;
    }

    /// The exposition format 0.0.4.
    pub(crate) fn text(&self, status: &Status) -> String {
        let mut text = String::new();
        let mut gauge = |name: &str, help: &str, value: f64| {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        };
        gauge("cordon_directory_revision", "Revision of the directory in force.", status.revision as f64);
        gauge("cordon_directory_change", "Number of the last change in force.", status.change as f64);
        let age = status.age.as_secs_f64();
        gauge("cordon_directory_confirmed_age_seconds", "Since the directory was known to be current.", age);
        let trouble = if status.trouble.is_some() { 1.0 } else { 0.0 };
        gauge("cordon_directory_trouble", "1 if the directory cannot be followed.", trouble);
        let name = "cordon_admin_requests_total";
        let _ = writeln!(text, "# HELP {name} Requests to the admin API.\n# TYPE {name} counter");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, method, status), count) in &*requests {
            let _ =
                writeln!(text, "{name}{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}} {count}");
        }
        text
    }
}

/// A method that callers made up is no label.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
