//! A message's way from its sender to its recipient.

use std::time::Duration;

use super::Run;
use crate::flight::{Flight, Link, label};
use crate::message::Message;
use crate::network::Loss;
use crate::workload::Workload;

/// How many messages of one node may be in flight.
const UNDER_WAY: usize = 10_000;
/// How many bytes of messages of one node may be in flight. As JSON values they take a multiple of this.
const BYTES_UNDER_WAY: usize = 8 << 20;

/// A message in flight.
#[derive(Debug)]
pub(super) struct Due {
    message: Message,
    /// Its sender, if the sender is a node, and the length of its line.
    from: Option<(usize, usize)>,
    /// Its recipient, if the recipient is a node.
    to: Option<usize>,
}

impl Run<'_> {
    /// Takes a line that a node wrote.
    pub(super) fn take(&mut self, from: usize, number: u64, line: &str) {
        let name = self.cluster.names[from].clone();
        let message = match Message::parse(line) {
            Ok(message) => message,
            Err(error) => {
                let findings = &mut self.calls.findings;
                let text = format!("line {number} of its output: {error}");
                return findings.blame(&name, "no message", text);
            }
        };
        self.sent[from] += 1;
        if message.src != name {
            let text = format!(
                "src must be the node's own id, {name}, and is {}; line {number} of its output is {message}",
                message.src
            );
            return self.calls.findings.blame(&name, "wrong src", text);
        }
        if self.index(&message.dest).is_none() && !self.calls.has_client(&message.dest) {
            let text = format!(
                "there is no {}: the nodes are {} to {}, and an answer goes to the src of its request; line {number} of its output is {message}",
                message.dest,
                self.cluster.names[0],
                self.cluster.names[self.cluster.names.len() - 1]
            );
            return self.calls.findings.blame(&name, "unknown dest", text);
        }
        let (count, bytes) = self.under_way[from];
        if count >= UNDER_WAY || bytes + line.len() > BYTES_UNDER_WAY {
            self.gone.insert(from);
            let text = format!(
                "{count} of its messages ({bytes} bytes) are under way at once: a node must not send without end; the last is {message}"
            );
            return self.calls.findings.blame(&name, "flood", text);
        }
        self.send(Some((from, line.len())), message);
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.cluster.names.iter().position(|one| one == name)
    }

    /// Sends a message on its way, or loses it.
    pub(super) fn send(&mut self, from: Option<(usize, usize)>, mut message: Message) {
        let now = self.now();
        let (sender, to) = (from.map(|(from, _)| from), self.index(&message.dest));
        let ready = self.ready.map(|ready| now.saturating_sub(ready));
        let fate = self.network.fate(ready, sender, to);
        self.messages += 1;
        let mut altered = false;
        if let (Ok(_), Some(from), Some(to)) = (fate, sender, to)
            && from != to
            && let Some(lie) = self.setup.conditions.liars.get(&from)
        {
            altered = lie.tamper(self.setup.conditions.seed, &mut message);
            self.altered += u64::from(altered);
        }
        self.note(now, &message, fate, altered);
        match fate {
            Ok(takes) => {
                if let Some((from, length)) = from {
                    let (count, bytes) = &mut self.under_way[from];
                    *count += 1;
                    *bytes += length;
                }
                self.schedule.add(now + takes, Due { message, from, to });
            }
            Err(loss) => *self.lost.entry(loss).or_default() += 1,
        }
    }

    /// Logs a message and keeps it for the diagram.
    fn note(
        &mut self,
        now: Duration,
        message: &Message,
        fate: Result<Duration, Loss>,
        altered: bool,
    ) {
        if self.setup.log {
            let remark = match (fate, altered) {
                (Err(loss), _) => format!("  ({loss})"),
                (Ok(_), true) => "  (altered by the liar)".to_owned(),
                (Ok(_), false) => String::new(),
            };
            let (seconds, micros) = (now.as_secs(), now.subsec_micros());
            let (src, dest) = (&message.src, &message.dest);
            let body = serde_json::to_string(&message.body).unwrap_or_default();
            (self.tell)(&format!(
                "{seconds:4}.{micros:06} {src} -> {dest} {body}{remark}"
            ));
        }
        // Messages before the nodes are ready belong to the set-up.
        let Some(ready) = self.ready else { return };
        let sent = now.saturating_sub(ready);
        let between_nodes = [&message.src, &message.dest]
            .into_iter()
            .all(|name| self.index(name).is_some());
        let link = if between_nodes {
            Link::Nodes
        } else {
            Link::Client
        };
        self.flights.add(message, link, sent, || Flight {
            from: message.src.clone(),
            to: message.dest.clone(),
            label: label(message),
            sent,
            arrives: fate.map(|takes| sent + takes),
            altered,
        });
    }

    /// Brings a message to its recipient.
    pub(super) fn deliver(&mut self, due: Due, workload: &mut dyn Workload) {
        let Due { message, from, to } = due;
        if let Some((from, length)) = from {
            let (count, bytes) = &mut self.under_way[from];
            *count -= 1;
            *bytes -= length;
        }
        let Some(to) = to else {
            if let Some(answered) = self.calls.answered(&message) {
                workload.answered(self.since_ready(), answered, &mut self.calls);
            }
            return;
        };
        if !self.gone.contains(&to) && self.nodes[to].write(message.line()).is_err() {
            let most = (0..self.sent.len()).max_by_key(|from| self.sent[*from]);
            let most = most.map(|from| {
                format!(
                    "{} has sent {} messages so far",
                    self.cluster.names[from], self.sent[from]
                )
            });
            let text = format!(
                "its standard input is full and thousands of messages wait for it: a node must go on reading while it writes ({})",
                most.unwrap_or_default()
            );
            let name = self.cluster.names[to].clone();
            self.calls.findings.blame(&name, "does not read", text);
        }
    }
}
