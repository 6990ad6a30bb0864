//! Watches the nodes: their output and their end.

use std::time::Duration;

use super::{GRACE, OUTPUTS, Run, TICK};
use crate::node::Output;

/// After this time a line without its end counts as a fault. Before, the rest may still be on its way.
const UNFINISHED: Duration = Duration::from_secs(3);

impl Run<'_> {
    /// Takes the output of the nodes. Waits for it at most this long.
    pub(super) fn listen(&mut self, wait: Duration) {
        let Ok(first) = self.outputs.recv_timeout(wait) else {
            return;
        };
        let more: Vec<_> = self.outputs.try_iter().take(OUTPUTS).collect();
        for (index, output) in std::iter::once(first).chain(more) {
            self.hear(index, output);
        }
    }

    fn hear(&mut self, index: usize, output: Output) {
        match output {
            Output::Log(line) => (self.tell)(&format!("{}| {line}", self.cluster.names[index])),
            _ if self.gone.contains(&index) => {}
            Output::Line(number, line) => self.take(index, number, &line),
            Output::Unreadable(number, why) => {
                let name = &self.cluster.names[index];
                let text = format!("line {number} of its output: {why}");
                self.calls.findings.blame(name, "no message", text);
            }
            Output::Closed => {
                self.closed.insert(index, self.now());
                self.looked = Duration::ZERO;
            }
        }
    }

    /// Notices nodes that have ended.
    pub(super) fn look_at_nodes(&mut self) {
        let now = self.now();
        if now < self.looked + TICK && self.looked > Duration::ZERO {
            return;
        }
        self.looked = now;
        for index in 0..self.nodes.len() {
            if self.gone.contains(&index) {
                continue;
            }
            self.look_at_line(index, now);
            let end = self.nodes[index].end();
            if end.is_some() {
                // Lines that it wrote before may not be read yet.
                self.closed.entry(index).or_insert(now + TICK);
            }
            let Some(since) = self.closed.get(&index).copied() else {
                continue;
            };
            match end {
                Some(end) if since <= now => self.ended(index, &end),
                None if since + GRACE <= now => self.ended(index, "it closed its standard output"),
                _ => {}
            }
        }
    }

    /// Notices a line that a node has begun and has not ended for a while.
    fn look_at_line(&mut self, index: usize, now: Duration) {
        let line = self.nodes[index].unfinished();
        let (known, since) = &mut self.unfinished[index];
        if line != *known {
            (*known, *since) = (line, now);
        } else if line.is_some() && now >= *since + UNFINISHED.min(self.setup.timeout) {
            *since = now;
            self.blame_for_line(index);
        }
    }

    /// Reports the lines that nodes have not ended when the run ends. A line whose beginning has just come is given the
    /// same time as any other: a node may be writing it at this moment.
    pub(super) fn blame_for_last_lines(&mut self) {
        let mut begun: Vec<_> = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| Some((index, node.unfinished()?)))
            .collect();
        let until = self.now() + UNFINISHED.min(self.setup.timeout);
        while !begun.is_empty() && self.now() < until {
            // The run is over, so what comes now is not judged. It is read so that the nodes can write on.
            let _ = self.outputs.recv_timeout(TICK);
            begun.retain(|(index, line)| self.nodes[*index].unfinished().as_ref() == Some(line));
        }
        for (index, _) in begun {
            self.blame_for_line(index);
        }
    }

    /// Reports a line that a node has not ended, if there is one.
    fn blame_for_line(&mut self, index: usize) {
        let Some(line) = self.nodes[index].unfinished() else {
            return;
        };
        if self.told_of_line.insert(index) {
            let text = format!("{line}; write the newline, and flush standard output after it");
            let name = &self.cluster.names[index];
            self.calls.findings.blame(name, "unfinished line", text);
        }
    }

    fn ended(&mut self, index: usize, how: &str) {
        self.gone.insert(index);
        self.closed.remove(&index);
        self.blame_for_line(index);
        let log = self.nodes[index].last_log();
        let log = if log.is_empty() {
            "it logged nothing on standard error".to_owned()
        } else {
            let lines = log.iter().map(|line| format!("\n    {line}"));
            format!(
                "the last on its standard error was:{}",
                lines.collect::<String>()
            )
        };
        let text = format!("a node runs until it is killed, and this one ended: {how}; {log}");
        let name = &self.cluster.names[index];
        self.calls.findings.blame(name, "ended", text);
    }
}
