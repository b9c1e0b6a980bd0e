//! The logs of a process, and the figures about them.

use std::io;
use std::sync::Arc;

use cordon_gateway::{Auditor, ExchangeRecord, Gateway, Recorder};

use crate::log::access::{AccessLog, AccessLogConfig};
use crate::log::audit::{AuditConfig, AuditLog};

/// What is logged beside the process's own log.
#[derive(Clone, Debug, Default)]
pub struct LogsConfig {
    /// The access log. If absent, the process's own log tells of exchanges.
    pub access: Option<AccessLogConfig>,
    /// The audit log. If absent, nobody audits.
    pub audit: Option<AuditConfig>,
}

/// The logs, open.
#[derive(Default)]
pub struct Logs {
    access: Option<AccessLog>,
    audit: Option<Arc<AuditLog>>,
}

/// Lines of a log.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) log: &'static str,
    pub(crate) written: u64,
    pub(crate) lost: u64,
}

impl Logs {
    /// Opens the logs, before anything is served so that a wrong place is told at once.
    ///
    /// # Errors
    /// A file cannot be opened, with what it should have been.
    pub fn start(config: LogsConfig) -> Result<Arc<Logs>, LogsError> {
        let wrong = |log, place: &crate::Place| {
            let place = place.to_string();
            move |source| LogsError { log, place, source }
        };
        let access = config.access.map(|config| {
            let wrong = wrong("access", &config.place);
            AccessLog::start(config).map_err(wrong)
        });
        let audit = config.audit.map(|config| {
            let wrong = wrong("audit", &config.place);
            AuditLog::start(config).map(Arc::new).map_err(wrong)
        });
        Ok(Arc::new(Logs { access: access.transpose()?, audit: audit.transpose()? }))
    }

    /// Has the gateway write to these logs.
    pub fn attach(self: &Arc<Logs>, gateway: &Gateway) {
        if self.access.is_some() {
            gateway.record_to(Arc::clone(self) as Arc<dyn Recorder>);
        }
        if let Some(audit) = &self.audit {
            gateway.audit_to(Arc::clone(audit) as Arc<dyn Auditor>);
        }
    }

    /// Opens files anew, as those expect who moved them away.
    pub fn reopen(&self) {
        self.access.iter().for_each(AccessLog::reopen);
        self.audit.iter().for_each(|audit| audit.reopen());
    }

    pub(crate) fn lines(&self) -> Vec<Lines> {
        let access = self.access.as_ref().map(|log| ("access", log.counts()));
        let audit = self.audit.as_ref().map(|log| ("audit", log.counts()));
        let lines = access.into_iter().chain(audit);
        lines.map(|(log, (written, lost))| Lines { log, written, lost }).collect()
    }
}

impl Recorder for Logs {
    fn exchange(&self, record: &ExchangeRecord<'_>) {
        if let Some(access) = &self.access {
            access.exchange(record);
        }
    }

    fn keeps_log(&self) -> bool {
        self.access.is_some()
    }
}

/// A log that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the {log} log cannot be opened at {place}: {source}")]
pub struct LogsError {
    log: &'static str,
    place: String,
    source: io::Error,
}
