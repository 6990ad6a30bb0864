//! The page for Prometheus: what the process has counted, in its text format.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode, Uri};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use quorate_host::{Counts, Histogram, Micros, Phase};
use quorate_protocol::ReplicaId;
use quorate_wire::endpoint::body::{AnswerBody, whole};
use quorate_wire::endpoint::{Routes, async_trait};

use crate::clock::since_1970;
use crate::config::NodeConfig;
use crate::figures::Figures;
use crate::question::Question;
use crate::rpc::Handle;

const PATH: &str = "/metrics";
/// Microseconds of a second.
const SECOND: f64 = 1e6;

/// The path of the page.
pub(crate) fn routes(config: &NodeConfig, handle: Handle) -> Arc<dyn Routes> {
    Arc::new(Page {
        handle,
        cluster: quorate_wire::hex::of(&config.cluster),
        started_us: since_1970(),
    })
}

struct Page {
    handle: Handle,
    cluster: String,
    /// When this process started, in microseconds since 1970.
    started_us: u64,
}

#[async_trait]
impl Routes for Page {
    fn serves(&self, path: &str) -> bool {
        path == PATH
    }

    async fn answer(&self, verb: Method, _uri: &Uri, _body: Bytes) -> Response<AnswerBody> {
        if !matches!(verb, Method::GET | Method::HEAD) {
            let mut refusal = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Metrics are read with GET.\n",
            );
            let allowed = HeaderValue::from_static("GET, HEAD");
            refusal.headers_mut().insert(ALLOW, allowed);
            return refusal;
        }
        match self.handle.ask(Question::Figures).await {
            Ok(figures) => self.page(*figures),
            Err(fault) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
        }
    }
}

impl Page {
    fn page(&self, figures: Figures) -> Response<AnswerBody> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Shown {
            figures,
            process: self.handle.own().to_string(),
            cluster: self.cluster.clone(),
            started_us: self.started_us,
            memory: resident_bytes(),
        }));
        let mut page = String::new();
        if prometheus_text::encode(&mut page, &registry).is_err() {
            // Writing to a text cannot fail, and no label here does.
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page cannot be made.\n",
            );
        }
        let mut answer = text(StatusCode::OK, page);
        let form = HeaderValue::from_static(prometheus_text::CONTENT_TYPE);
        answer.headers_mut().insert(CONTENT_TYPE, form);
        answer
    }
}

fn text(status: StatusCode, words: impl Into<Bytes>) -> Response<AnswerBody> {
    let mut answer = Response::new(whole(words));
    *answer.status_mut() = status;
    let form = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, form);
    answer
}

/// The memory of this process that is in RAM. `None` where the system does not say it in `/proc`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// What the page shows.
#[derive(Debug)]
struct Shown {
    figures: Figures,
    process: String,
    cluster: String,
    started_us: u64,
    memory: Option<u64>,
}

impl Collector for Shown {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut writer = Writer(encoder);
        self.identity(&mut writer)?;
        self.messages(&mut writer)?;
        self.latencies(&mut writer)?;
        self.standing(&mut writer)?;
        self.queues(&mut writer)
    }
}

impl Shown {
    fn identity(&self, to: &mut Writer) -> fmt::Result {
        let labels = [
            ("process", self.process.as_str()),
            ("cluster", self.cluster.as_str()),
            ("version", env!("CARGO_PKG_VERSION")),
        ];
        let info = "Which process of which cluster this is";
        to.metric("quorate_process_info", info, MetricType::Gauge)?
            .encode_family(&labels)?
            .encode_gauge(&1_i64)?;
        let started = self.started_us as f64 / SECOND;
        let start = "When the process started, in seconds since 1970";
        to.metric("process_start_time_seconds", start, MetricType::Gauge)?
            .encode_gauge(&started)?;
        if let Some(bytes) = self.memory {
            let resident = "The memory of the process that is in RAM";
            to.gauge("process_resident_memory_bytes", resident, bytes)?;
        }
        Ok(())
    }

    fn messages(&self, to: &mut Writer) -> fmt::Result {
        type Of = fn(&Counts) -> u64;
        let by_kind: [(_, _, Of); 6] = [
            (
                "quorate_messages_sent",
                "Messages sent to other processes, once for each recipient",
                |counts| counts.sent,
            ),
            (
                "quorate_sent_bytes",
                "The bytes of the messages sent",
                |counts| counts.sent_bytes,
            ),
            (
                "quorate_messages_received",
                "Messages received from other processes",
                |counts| counts.received,
            ),
            (
                "quorate_messages_verified",
                "Messages received whose signatures are good",
                |counts| counts.verified,
            ),
            (
                "quorate_messages_skipped",
                "Messages received that were not needed; their signatures were not checked",
                |counts| counts.skipped,
            ),
            (
                "quorate_messages_refused",
                "Messages received that were bad, or came behind a bad one of the same batch",
                |counts| counts.refused,
            ),
        ];
        let figures = &self.figures;
        for (name, help, of) in by_kind {
            let kinds = figures.meter.kinds();
            let counts = kinds.map(|(kind, counts)| (kind.name(), of(&counts)));
            to.counters(name, help, "kind", counts)?;
        }
        to.counters(
            "quorate_messages_lost",
            "Messages that this process sent and that were lost before they left it",
            "why",
            [
                ("link", figures.lost_on_links),
                ("full", figures.totals.dropped),
            ],
        )?;
        to.counter(
            "quorate_rejections",
            "What the replica rejected: it was well signed, and broke a rule",
            figures.meter.rejected(),
        )?;
        to.counter(
            "quorate_signatures_checked",
            "Signatures checked; one may be for many messages",
            figures.signatures_checked,
        )
    }

    fn latencies(&self, to: &mut Writer) -> fmt::Result {
        let meter = &self.figures.meter;
        let phases = Phase::ALL.map(|phase| (phase.name(), meter.phase(phase)));
        to.histograms(
            "quorate_phase_seconds",
            "How long slots took from the phase before to this one",
            "phase",
            phases,
        )?;
        let calls = self.figures.totals.calls.iter();
        to.histograms(
            "quorate_call_seconds",
            "How long callers waited for their answers",
            "call",
            calls.map(|(call, times)| (*call, times)),
        )?;
        to.histogram(
            "quorate_fsync_seconds",
            "How long it took until the records of a turn were on disk",
            SECOND,
            &self.figures.syncs,
        )?;
        to.histogram(
            "quorate_batch_requests",
            "The requests of executed batches",
            1.0,
            meter.batches(),
        )
    }

    fn standing(&self, to: &mut Writer) -> fmt::Result {
        let figures = &self.figures;
        let status = &figures.status;
        let gauges = [
            (
                "quorate_batch_limit_requests",
                "The most requests of a batch",
                figures.batch_limit as u64,
            ),
            (
                "quorate_view",
                "The view, or the one that is asked for",
                status.view.0,
            ),
            (
                "quorate_view_active",
                "1 if the view has started here, 0 if it is only asked for",
                status.active.into(),
            ),
            (
                "quorate_primary",
                "1 if this process is the primary of its view",
                (status.primary.to_string() == self.process).into(),
            ),
            (
                "quorate_executed_slot",
                "The last slot executed",
                status.executed.0,
            ),
            (
                "quorate_low_watermark_slot",
                "The last stable checkpoint",
                status.low_watermark.0,
            ),
            (
                "quorate_high_watermark_slot",
                "The highest slot that may be proposed",
                status.high_watermark.0,
            ),
            (
                "quorate_faulty",
                "1 if this process is told to misbehave",
                figures.is_faulty.into(),
            ),
            (
                "quorate_proved_faulty_processes",
                "The processes that this one has proved faulty",
                figures.proved_faulty as u64,
            ),
        ];
        for (name, help, value) in gauges {
            to.gauge(name, help, value)?;
        }
        to.counter(
            "quorate_view_changes",
            "Views that have started here after the first",
            figures.meter.view_changes(),
        )
    }

    fn queues(&self, to: &mut Writer) -> fmt::Result {
        let figures = &self.figures;
        to.gauge(
            "quorate_calls_under_way",
            "Operations of callers that have no result yet",
            figures.under_way as u64,
        )?;
        to.of_peers(
            "quorate_outbox_bytes",
            "The bytes that wait for a peer to take them",
            &figures.outboxes,
        )?;
        to.of_peers(
            "quorate_inbox_bytes",
            "The bytes from a peer that wait for this process to take them",
            &figures.inboxes,
        )
    }
}

/// Writes metrics. `_total` is added to the names of counters.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn metric<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.metric(name, help, MetricType::Gauge)?
            .encode_gauge(&value)
    }

    fn of_peers(&mut self, name: &str, help: &str, values: &[(ReplicaId, usize)]) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Gauge)?;
        for (peer, value) in values {
            let labels = [("peer", peer.to_string())];
            metric
                .encode_family(&labels)?
                .encode_gauge(&(*value as u64))?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Counter)?;
        for (of, value) in values {
            metric
                .encode_family(&[(label, of)])?
                .encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    /// `unit`: how many of the values are one of what the metric's name says.
    fn histogram<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        unit: f64,
        histogram: &Histogram<N>,
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Histogram)?;
        write_histogram(&mut metric, unit, histogram)
    }

    /// Of times.
    fn histograms<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, &'v Micros)>,
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Histogram)?;
        for (of, times) in values {
            let labels = [(label, of)];
            write_histogram(&mut metric.encode_family(&labels)?, SECOND, times)?;
        }
        Ok(())
    }
}

fn write_histogram<const N: usize>(
    to: &mut MetricEncoder,
    unit: f64,
    histogram: &Histogram<N>,
) -> fmt::Result {
    let buckets = histogram.buckets().map(|(bound, count)| {
        let bound = bound.map_or(f64::INFINITY, |bound| bound as f64 / unit);
        (bound, count)
    });
    let buckets: Vec<_> = buckets.collect();
    let sum = histogram.sum() as f64 / unit;
    to.encode_histogram::<NoLabelSet>(sum, histogram.total(), &buckets, None)
}
