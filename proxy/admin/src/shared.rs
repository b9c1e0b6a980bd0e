//! What all requests share.

use std::sync::Arc;

use bytes::Bytes;
use cordon_directory::Store;
use tokio::sync::Mutex;

use crate::metrics::Metrics;
use crate::options::Options;

pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) options: Options,
    pub(crate) metrics: Metrics,
    /// Held by what goes through the whole directory, which is much at once.
    pub(crate) whole: Mutex<()>,
    /// The OpenAPI document.
    pub(crate) document: Bytes,
}
