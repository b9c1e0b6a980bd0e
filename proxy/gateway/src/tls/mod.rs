//! TLS by rustls: what both sides share.

mod acme;
pub(crate) mod client;
mod followed;
mod names;
mod pem;
pub(crate) mod server;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};

use crate::config::TlsVersion;

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{path}: {reason}; it must hold {expected} in PEM")]
    File {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Certificate and key do not go together, or cannot be used.
    #[error("{path}: this certificate and its key: {reason}")]
    Certificate {
        /// The chain's file.
        path: PathBuf,
        /// What is wrong.
        reason: rustls::Error,
    },
    /// No certificate is named where one is needed.
    #[error("TLS has no certificate to show")]
    NoCertificate,
    /// The folder of an ACME account and its certificate cannot be used.
    #[error("{path}: {reason}; account and certificate of ACME are kept there")]
    Folder {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// rustls does not take the settings.
    #[error("TLS: {0}")]
    Settings(#[from] rustls::Error),
}

/// Where all cryptography comes from.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The versions from this one on.
fn versions(minimum: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match minimum {
        TlsVersion::Tls12 => &BOTH,
        TlsVersion::Tls13 => &BOTH[..1],
    }
}
