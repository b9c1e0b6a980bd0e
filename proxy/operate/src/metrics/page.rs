//! Families of figures, in the form that Prometheus reads.

use std::fmt;

use cordon_gateway::Durations;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// The page being written. A family is written at a time, with all that belongs to it.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

/// Names and values of labels.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Page<'a> {
        Page(encoder)
    }

    /// What only grows. `_total` is put behind the name.
    pub(super) fn counter<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            if N == 0 {
                family.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            } else {
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        Ok(())
    }

    /// Seconds that only grow.
    pub(super) fn seconds<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, f64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
        }
        Ok(())
    }

    /// What comes and goes.
    pub(super) fn gauge<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            if N == 0 {
                family.encode_gauge(&value)?;
            } else {
                family.encode_family(&labels)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    /// One figure that comes and goes.
    pub(super) fn state(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        self.gauge(name, help, [([], value)])
    }

    /// How long things took.
    pub(super) fn histogram<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, &'l Durations)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, durations) in values {
            let buckets: Vec<(f64, u64)> = durations
                .buckets
                .iter()
                .map(|(bound, count)| (bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64()), *count))
                .collect();
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                durations.sum.as_secs_f64(),
                durations.count(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }

    /// What is so, in words. `_info` is put behind the name.
    pub(super) fn info<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = Labels<'l, N>>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Info)?;
        for labels in values {
            family.encode_info(&labels)?;
        }
        Ok(())
    }
}
