//! The replicas of a story: each with its service and its disk.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use quorate_fault::Faulty;
use quorate_host::{Batch, Core};
use quorate_protocol::client::Client;
use quorate_protocol::message::Request;
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{
    Config, Keys, Record, Replica, ReplicaId, Sequence, SignedMessage, Time, Timer, View,
};

use super::command::Setting;
use super::forge::Made;
use super::log::Log;
use super::network::Network;
use super::order::Names;
use super::page::Page;
use super::sign::Signer;
use super::sketch::Sketch;
use crate::picture::{Frame, Picture};

/// The most processes of a story.
const MOST: u64 = 22;

/// One process.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) own: ReplicaId,
    config: Config,
    pub(super) core: Core<Log>,
    pub(super) client: Client,
    /// How often it has started again. The questions of each start have numbers of their own.
    starts: u64,
    /// Its records.
    pub(super) disk: Vec<Record>,
    pub(super) crashed: bool,
    /// Whether its messages are lost, because it ends before it sends them.
    pub(super) dies: bool,
    /// The last view for which the page has told what its VIEW-CHANGE carries.
    pub(super) carried: View,
}

/// A cluster, its network and its clock.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) now: Time,
    pub(super) signer: Signer,
    pub(super) nodes: Vec<Node>,
    pub(super) network: Network,
    pub(super) names: Names,
    pub(super) page: Page,
    /// The certificates, checkpoints and VIEW-CHANGEs that have a name in the script.
    pub(super) made: BTreeMap<String, Made>,
    /// The manifests that were sent so far.
    pub(super) manifests: BTreeMap<Sequence, Manifest>,
    /// The requests that executed at each slot, and the process that executed them first.
    pub(super) agreed: BTreeMap<Sequence, (ReplicaId, Vec<Request>)>,
    /// The picture.
    pub(super) sketch: Sketch,
}

impl Stage {
    /// A cluster that has just started.
    ///
    /// # Errors
    /// The settings are not possible.
    pub(super) fn new(setting: &Setting, frame: Option<&Frame>) -> Result<Self, String> {
        let n = Some(setting.n).filter(|n| *n <= MOST);
        let n = n.and_then(|n| u32::try_from(n).ok());
        let n = n.and_then(NonZeroU32::new);
        let n = n.ok_or_else(|| format!("there are 1 to {MOST} processes"))?;
        let batch = usize::try_from(setting.batch).unwrap_or(0);
        if setting.checkpoint == 0 || setting.window < 2 * setting.checkpoint || batch == 0 {
            return Err(
                "the window is at least twice the checkpoint interval, and a batch holds a request"
                    .to_owned(),
            );
        }
        let signer = Signer::new(n, false);
        let node = |own| {
            let mut config = Config::new(own, signer.quorum());
            config.checkpoint_interval = setting.checkpoint;
            config.window = setting.window;
            config.batch_limit = batch;
            Node::new(config, signer.keys(own))
        };
        let mut stage = Self {
            now: Time(0),
            signer,
            nodes: (0..n.get()).map(ReplicaId).map(node).collect(),
            network: Network::default(),
            names: Names::default(),
            page: Page::default(),
            made: BTreeMap::new(),
            manifests: BTreeMap::new(),
            agreed: BTreeMap::new(),
            sketch: Sketch::default(),
        };
        stage
            .names
            .learn_batch(&quorate_protocol::message::Batch::null());
        for own in stage.processes() {
            stage.turn(own);
        }
        stage.run()?;
        stage.page.clear();
        // The messages of a start are not part of the story.
        stage.sketch = Sketch::new(frame, n.get());
        Ok(stage)
    }

    /// The picture, if it was asked for.
    pub(super) fn into_picture(self) -> Option<Picture> {
        self.sketch.into_picture()
    }

    /// All processes.
    pub(super) fn processes(&self) -> Vec<ReplicaId> {
        self.nodes.iter().map(|node| node.own).collect()
    }

    /// One process.
    ///
    /// # Errors
    /// There is no such process.
    pub(super) fn node(&mut self, id: ReplicaId) -> Result<&mut Node, String> {
        usize::try_from(id.0)
            .ok()
            .and_then(|index| self.nodes.get_mut(index))
            .ok_or_else(|| format!("there is no process {id}"))
    }

    /// The timers of all processes that run.
    pub(super) fn timers(&self) -> impl Iterator<Item = (Time, ReplicaId, Timer)> + '_ {
        let alive = self.nodes.iter().filter(|node| !node.crashed);
        alive.flat_map(|node| {
            let set = |timer| Some((node.core.timer(timer)?, node.own, timer));
            [Timer::View, Timer::Status].into_iter().filter_map(set)
        })
    }

    /// A timer runs out.
    ///
    /// # Errors
    /// The timer is not set.
    pub(super) fn time_out(&mut self, id: ReplicaId, timer: Timer) -> Result<(), String> {
        let core = &mut self.node(id)?.core;
        let due = core.timer(timer);
        let due = due.ok_or_else(|| format!("that timer of {id} is not set"))?;
        core.run_out(timer);
        self.now = self.now.max(due);
        self.sketch.begins(self.now);
        self.turn(id);
        Ok(())
    }

    /// A message arrives.
    pub(super) fn deliver(&mut self, from: ReplicaId, to: ReplicaId, message: SignedMessage) {
        let Ok(node) = self.node(to) else { return };
        node.core.deliver(Batch::of(from, message));
        self.turn(to);
    }

    /// Lets a replica handle what has come to it, and carries out what follows. One that has crashed does nothing.
    pub(super) fn turn(&mut self, id: ReplicaId) {
        let now = self.now;
        let Ok(node) = self.node(id) else { return };
        if node.crashed {
            return;
        }
        let before = node.core.replica().status().low_watermark;
        let Ok(released) = node.core.turn(now).write(&mut node.disk);
        let after = node.core.replica().status().low_watermark;
        let heard = node.core.heard().to_vec();
        for event in released.events {
            self.on_event(id, event);
        }
        for message in heard {
            self.hear(id, message);
        }
        if after > before {
            self.page.stable(now, id, after);
        }
    }
}

impl Node {
    fn new(config: Config, keys: Keys) -> Self {
        let replica = Replica::new(config.clone());
        Self {
            own: config.replica,
            core: core(keys, replica),
            client: Client::new(config.quorum, 0),
            starts: 0,
            disk: Vec::new(),
            crashed: false,
            dies: false,
            carried: View(0),
            config,
        }
    }

    /// Starts again, with its disk or without.
    pub(super) fn restart(&mut self, disk: bool) {
        let replica = if disk {
            Replica::restore(self.config.clone(), self.disk.iter().cloned())
        } else {
            self.disk.clear();
            self.config.life += 1;
            Replica::rejoin(self.config.clone())
        };
        self.core = core(self.core.keys().clone(), replica);
        self.starts += 1;
        self.client = Client::new(self.config.quorum, self.starts * 1_000_000);
        (self.crashed, self.dies) = (false, false);
        self.carried = View(0);
    }
}

/// A correct replica that starts at its first turn.
fn core(keys: Keys, replica: Replica) -> Core<Log> {
    Core::new(keys, Faulty::new(replica, None), Log::default())
}
