//! The logs of a process, and the figures about them.

use std::io;
use std::sync::Arc;

use cordon_gateway::{Auditor, ExchangeRecord, Gateway, Recorder};

use crate::log::access::{AccessLog, AccessLogConfig};
use crate::log::audit::{AuditConfig, AuditLog};
use crate::traces::{Traces, TracesConfig, TracesError};

/// What is logged beside the process's own log.
#[derive(Clone, Debug, Default)]
pub struct LogsConfig {
    /// The access log. If absent, the process's own log tells of exchanges.
    pub access: Option<AccessLogConfig>,
    /// The audit log. If absent, nobody audits.
    pub audit: Option<AuditConfig>,
    /// Where traces are sent. If absent, contexts of traces pass as they come.
    pub traces: Option<TracesConfig>,
}

/// The logs, open.
#[derive(Default)]
pub struct Logs {
    access: Option<AccessLog>,
    audit: Option<Arc<AuditLog>>,
    traces: Option<Traces>,
}

/// Lines of a log.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) log: &'static str,
    pub(crate) written: u64,
    pub(crate) lost: u64,
}

impl Logs {
    /// Opens the logs, before anything is served so that a wrong place is told at once. With traces it must be called on
    /// the runtime, which sends them.
    ///
    /// # Errors
    /// A file cannot be opened, with what it should have been, or nothing can be sent.
    pub fn start(config: LogsConfig) -> Result<Arc<Logs>, LogsError> {
        let wrong = |log, place: &crate::Place| {
            let place = place.to_string();
            move |source| LogsError::Open { log, place, source }
        };
        let access = config.access.map(|config| {
            let wrong = wrong("access", &config.place);
            AccessLog::start(config).map_err(wrong)
        });
        let audit = config.audit.map(|config| {
            let wrong = wrong("audit", &config.place);
            AuditLog::start(config).map(Arc::new).map_err(wrong)
        });
        let traces = config.traces.as_ref().map(Traces::start).transpose()?;
        Ok(Arc::new(Logs { access: access.transpose()?, audit: audit.transpose()?, traces }))
    }

    /// Has the gateway write to these logs.
    pub fn attach(self: &Arc<Logs>, gateway: &Gateway) {
        if let Some(traces) = &self.traces {
            gateway.trace(traces.sampling);
        }
        if self.access.is_some() || self.traces.is_some() {
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

    /// Sends the traces that wait to be sent; what waits to be written is written when this is dropped.
    pub async fn finish(self: Arc<Logs>) {
        let finished = tokio::task::spawn_blocking(move || self.traces.iter().for_each(Traces::finish)).await;
        if let Err(error) = finished {
            tracing::error!(%error, "the last traces were not sent");
        }
    }

    /// Batches of spans that a receiver took, and those that it did not.
    pub(crate) fn batches(&self) -> Option<(u64, u64)> {
        self.traces.as_ref().map(Traces::counts)
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
        if let Some(traces) = &self.traces {
            traces.exchange(record);
        }
    }

    fn keeps_log(&self) -> bool {
        self.access.is_some()
    }
}

/// Why nothing is logged.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// A log cannot be opened.
    #[error("the {log} log cannot be opened at {place}: {source}")]
    Open {
        /// Which log.
        log: &'static str,
        /// Where it should be.
        place: String,
        /// Why not.
        source: io::Error,
    },
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] TracesError),
}
