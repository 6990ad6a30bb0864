//! Carries out a command, and writes what the replicas do.

use quorate_protocol::forensics::culprits;
use quorate_protocol::{Duration, ReplicaId, Sequence, SignedMessage};

use super::command::Command;
use super::filter::Filter;
use super::forge::{Forge, Forged};
use super::order::Order;
use super::page::list;
use super::sign::Signer;
use super::stage::{Node, Stage};

impl Stage {
    /// Carries out a command. Returns the lines under it.
    ///
    /// # Errors
    /// The command cannot be carried out here.
    pub(super) fn act(&mut self, command: &Command) -> Result<Vec<String>, String> {
        self.sketch.begins(self.now);
        match command {
            Command::Cluster(_) => {}
            Command::Submit(orders) => {
                for order in orders {
                    self.submit(order)?;
                }
            }
            Command::Order(orders, every) => {
                for order in orders {
                    self.submit(order)?;
                    self.wait(every.unwrap_or(Duration(0)))?;
                }
            }
            Command::Ask(id, question) => {
                let node = self.node(*id)?;
                let query = node.client.ask(question.clone().into_bytes());
                node.core.query(query);
                self.turn(*id);
            }
            Command::Run => self.run()?,
            Command::Wait(span) => self.wait(*span)?,
            Command::Fire(id, timer) => self.time_out(*id, *timer)?,
            Command::Rule(rule) => self.network.rules.push(rule.clone()),
            Command::Release => self.network.release(),
            Command::Isolate(id) => {
                for other in self.processes() {
                    self.cut(*id, other);
                }
            }
            Command::Cut(one, other) => self.cut(*one, *other),
            Command::Heal => self.network.cuts.clear(),
            Command::Crash(id) => {
                self.node(*id)?.crashed = true;
                self.sketch.does(*id, "crashes");
            }
            Command::Kill(id, filter) => self.kill(*id, filter)?,
            Command::Restart(id, disk) => {
                self.node(*id)?.restart(*disk);
                self.sketch.does(*id, "starts again");
                self.turn(*id);
            }
            Command::Let(name, made) => {
                self.made.insert(name.clone(), made.clone());
            }
            Command::Forge(forged, foreign, to) => return self.forge(forged, *foreign, to),
            Command::Tamper(id) => self.node(*id)?.core.service_mut().clear(),
            Command::Blame(slot, one, other) => return self.blame(*slot, *one, *other),
            Command::ShowMessages(shows) => self.page.shows_messages = *shows,
            Command::Show => return Ok(self.show()),
        }
        let by_moment = matches!(command, Command::Wait(_));
        Ok(self.page.write(&self.names, by_moment))
    }

    fn submit(&mut self, order: &Order) -> Result<(), String> {
        let request = self.signer.request(order);
        self.names.learn_client(request.value());
        let node = self.node(order.speaker)?;
        if order.is_named() {
            node.client.wait_for(request.clone());
        }
        node.core.submit(request);
        self.turn(order.speaker);
        Ok(())
    }

    fn cut(&mut self, one: ReplicaId, other: ReplicaId) {
        self.network.cuts.extend([(one, other), (other, one)]);
    }

    /// The process handles a message and writes its records, and ends before it sends anything.
    fn kill(&mut self, id: ReplicaId, filter: &Filter) -> Result<(), String> {
        let parcel = self.run_up_to(id, filter)?;
        self.node(id)?.dies = true;
        self.arrive(parcel);
        self.node(id)?.crashed = true;
        Ok(())
    }

    fn forge(
        &mut self,
        forged: &Forged,
        foreign: bool,
        to: &[ReplicaId],
    ) -> Result<Vec<String>, String> {
        let shows = std::mem::replace(&mut self.page.shows_messages, true);
        let forge = Forge {
            signer: Signer::new(self.signer.n(), foreign),
            made: &self.made,
            manifests: &self.manifests,
        };
        let message = forge.message(forged)?;
        match &message {
            SignedMessage::Request(request) => self.names.learn_client(request.value()),
            SignedMessage::PrePrepare { batch, .. } => self.names.learn_batch(batch),
            _ => {}
        }
        for id in to {
            let (before, notes) = (kept(self.node(*id)?), self.page.len());
            self.sketch.forged(*id, &message);
            self.deliver(*id, *id, message.clone());
            if self.page.len() == notes {
                let does = if kept(self.node(*id)?) == before {
                    "ignores it"
                } else {
                    "keeps it"
                };
                self.page.words(self.now, *id, does.to_owned());
            }
        }
        self.page.messages = 0;
        self.page.shows_messages = shows;
        Ok(self.page.write(&self.names, false))
    }

    fn blame(
        &mut self,
        slot: u64,
        one: ReplicaId,
        other: ReplicaId,
    ) -> Result<Vec<String>, String> {
        let mut proof = |id| {
            let node = self.node(id)?;
            Ok::<_, String>(
                node.core
                    .replica()
                    .commit_certificate(Sequence(slot))
                    .to_vec(),
            )
        };
        let named = culprits(&proof(one)?, &proof(other)?, &[]);
        let named: Vec<_> = named.into_iter().collect();
        Ok(vec![format!("proved faulty: {}", list(&named))])
    }

    /// The progress of each process.
    fn show(&self) -> Vec<String> {
        let mut alike: Vec<(String, Vec<ReplicaId>)> = Vec::new();
        for node in &self.nodes {
            let words = self.stands(node);
            match alike.iter_mut().find(|(known, _)| *known == words) {
                Some((_, all)) => all.push(node.own),
                None => alike.push((words, vec![node.own])),
            }
        }
        let lines = alike.iter();
        lines
            .map(|(words, all)| format!("{}: {words}", list(all)))
            .collect()
    }

    fn stands(&self, node: &Node) -> String {
        let status = node.core.replica().status();
        let crashed = if node.crashed { "crashed " } else { "" };
        let verb = if status.active { "in" } else { "wants" };
        format!(
            "{crashed}{verb} view {}, window {} to {}, executed through slot {} {}",
            status.view.0,
            status.low_watermark.0,
            status.high_watermark.0,
            status.executed.0,
            self.names.requests(node.core.service().requests())
        )
    }
}

/// All data that a replica keeps, to find out whether it has kept anything more. Its settings and the time of its last step
/// come first, and are left out.
fn kept(node: &Node) -> (Option<String>, usize) {
    let state = format!("{:?}", node.core.replica());
    let state = state
        .split_once("effects: ")
        .map(|(_, rest)| rest.to_owned());
    (state, node.disk.len())
}
