//! A process dies at an operation on its disk, at each one there is, and starts again with what is left. It never contradicts itself
//! (rule 22), and the others go on with it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_host::{Ask, Batch, Disk, Event, Outgoing, Past, Process, Setup, first_number, join};
use quorate_protocol::{
    ClusterId, Config, Digest, Keys, Quorum, Record, ReplicaId, SignedMessage, Time,
};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_service::{Operation, Service as _};
use redb::StorageBackend;

use super::tests::common;
use super::{Owner, Storage, builder};

const CLUSTER: ClusterId = ClusterId([7; 32]);
/// The process that dies, the primary of view 1.
const DIES: usize = 1;
/// In each step all processes order something. In every third step one of them is cut off.
const STEPS: usize = 9;
const PASSES: usize = 10;

/// What is on a disk after a death.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// All that was written: only the process has died.
    Written,
    /// The same, and half of the write under way.
    AndHalfOfTheNext,
    /// What was synced: the power has failed.
    Synced,
    /// The same, and every second change since: a disk writes in any order.
    AndSomeOfTheRest,
}

const LEFT: [Left; 4] = [
    Left::Written,
    Left::AndHalfOfTheNext,
    Left::Synced,
    Left::AndSomeOfTheRest,
];

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let end = offset + data.len();
                image.resize(image.len().max(end), 0);
                image[*offset..end].copy_from_slice(data);
            }
            Self::Length(length) => image.resize(*length, 0),
        }
    }
}

/// A disk in memory that dies at an operation.
#[derive(Clone, Debug)]
struct Dying(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    written: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    /// The change that was refused first.
    under_way: Option<Change>,
    operations: usize,
    dies_at: usize,
}

impl Dying {
    fn new(image: Vec<u8>, dies_at: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            synced: image.clone(),
            written: image,
            unsynced: Vec::new(),
            under_way: None,
            operations: 0,
            dies_at,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self, how: Left) -> Vec<u8> {
        let state = self.state();
        match how {
            Left::Written => state.written.clone(),
            Left::AndHalfOfTheNext => {
                let mut image = state.written.clone();
                if let Some(Change::Write(offset, data)) = &state.under_way {
                    Change::Write(*offset, data[..data.len() / 2].to_vec()).apply(&mut image);
                }
                image
            }
            Left::Synced => state.synced.clone(),
            Left::AndSomeOfTheRest => {
                let mut image = state.synced.clone();
                // The length is the file system's. It is kept in order, so that nothing is written behind the end.
                for (number, change) in state.unsynced.iter().enumerate() {
                    if number % 2 == 0 || matches!(change, Change::Length(_)) {
                        change.apply(&mut image);
                    }
                }
                image
            }
        }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        if let Err(dead) = state.step() {
            state.under_way.get_or_insert(change);
            return Err(dead);
        }
        change.apply(&mut state.written);
        state.unsynced.push(change);
        Ok(())
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.operations == self.dies_at {
            return Err(io::Error::other("the process is dead"));
        }
        self.operations += 1;
        Ok(())
    }
}

impl StorageBackend for Dying {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = state.written.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let length = usize::try_from(len).map_err(io::Error::other)?;
        self.change(Change::Length(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.synced = state.written.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.change(Change::Write(offset, data.to_vec()))
    }
}

impl Disk for Storage {
    type Error = anyhow::Error;

    fn append(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.add(records)
    }

    fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        Self::replace(self, records)
    }
}

fn quorum() -> Quorum {
    Quorum::of(NonZeroU32::new(4).unwrap())
}

fn process(index: u32, life: u64, past: Past) -> Process<u64> {
    let own = ReplicaId(index);
    let mut config = Config::new(own, quorum()).with_checkpoint_interval(4);
    config.life = life;
    Process::new(Setup {
        keys: Keys::simulated(own, 4, CLUSTER).that_remember(),
        membership: Membership::plain(CLUSTER, quorum()),
        config,
        rules: Rules {
            quorum: quorum(),
            default_decision: "retreat".into(),
        },
        behaviour: None,
        past,
        first_number: first_number(life),
        trusts_callers: false,
        gathers: None,
    })
}

/// Four processes and their network. One of them has a disk.
struct Cluster {
    now: Time,
    processes: Vec<Option<Process<u64>>>,
    storage: Option<Storage>,
    disk: Dying,
    /// Whether the disk's file has its own name.
    has_file: bool,
    starts: u64,
    network: VecDeque<(usize, Vec<u8>)>,
    cut_off: Option<usize>,
    /// What the process that dies has voted for: by the kind of vote, the view and the slot.
    votes: BTreeMap<(&'static str, u64, u64), Digest>,
}

impl Cluster {
    fn start(dies_at: usize) -> Self {
        let others = (0..4).map(|index| Some(process(index, 0, Past::None)));
        let mut cluster = Self {
            now: Time(0),
            processes: others.collect(),
            storage: None,
            disk: Dying::new(Vec::new(), dies_at),
            has_file: false,
            starts: 0,
            network: VecDeque::new(),
            cut_off: None,
            votes: BTreeMap::new(),
        };
        cluster.open();
        cluster
    }

    /// The process starts, and is dead at once if its disk is.
    fn open(&mut self) {
        self.processes[DIES] = None;
        let owner = Owner {
            cluster: CLUSTER,
            process: ReplicaId(1),
            common: common(),
        };
        let opened = builder()
            .create_with_backend(self.disk.clone())
            .map_err(super::advise);
        let opened = opened.and_then(|database| {
            if self.has_file {
                Storage::again(database, owner, self.starts)
            } else {
                let first = Storage::first(database, owner, self.starts);
                first.map(|(storage, past)| (storage, past, 0))
            }
        });
        match opened {
            Ok((storage, past, life)) => {
                (self.has_file, self.starts) = (true, life + 1);
                self.storage = Some(storage);
                self.processes[DIES] = Some(process(1, life, past));
            }
            Err(error) => assert!(self.disk.state().is_dead(), "{error:#}"),
        }
    }

    /// A dead process starts again, on a disk that dies at this operation.
    fn restart(&mut self, how: Left, dies_at: usize) {
        // Without a name the file is made anew.
        let image = if self.has_file {
            self.disk.left(how)
        } else {
            Vec::new()
        };
        self.disk = Dying::new(image, dies_at);
        self.open();
    }

    fn is_dead(&self) -> bool {
        self.processes[DIES].is_none()
    }

    fn submit(&mut self, at: usize, text: String) {
        let now = self.now;
        if let Some(process) = &mut self.processes[at] {
            let operation = Operation::KeyValue(text);
            process.ask(
                now,
                Ask::Submit {
                    operation,
                    name: None,
                },
                0,
            );
        }
    }

    fn turn(&mut self, at: usize) {
        let Some(process) = &mut self.processes[at] else {
            return;
        };
        let head = process.head();
        let turn = process.turn(self.now);
        let released = match &mut self.storage {
            Some(storage) if at == DIES => match turn.write(storage) {
                Ok(released) => released,
                Err(error) => {
                    assert!(self.disk.state().is_dead(), "{error:#}");
                    (self.processes[at], self.storage) = (None, None);
                    return;
                }
            },
            _ => turn.release(),
        };
        for event in released.events {
            match event {
                Event::Accused(evidence) => {
                    panic!("{} is accused of {evidence}", evidence.accused())
                }
                Event::Sent(outgoing) => {
                    if at == DIES {
                        self.note(&outgoing);
                    }
                    self.send(at, &join(head, &[outgoing.bytes]), outgoing.to);
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, from: usize, bytes: &[u8], to: Option<ReplicaId>) {
        let goes_to = |other: usize| to.is_none_or(|to| to.0 as usize == other) && other != from;
        for other in (0..4).filter(|other| goes_to(*other)) {
            if self.cut_off != Some(from) && self.cut_off != Some(other) {
                self.network.push_back((other, bytes.to_vec()));
            }
        }
    }

    /// Votes for one thing only in a view and a slot.
    fn note(&mut self, outgoing: &Outgoing) {
        let (kind, view, slot, digest) = match &*outgoing.message {
            SignedMessage::PrePrepare { pre_prepare, .. } => {
                let vote = pre_prepare.value();
                ("pre-prepare", vote.view, vote.sequence, vote.digest)
            }
            SignedMessage::Prepare(one) => {
                let vote = one.value();
                ("prepare", vote.view, vote.sequence, vote.digest)
            }
            SignedMessage::Commit(one) => {
                let vote = one.value();
                ("commit", vote.view, vote.sequence, vote.digest)
            }
            _ => return,
        };
        let first = *self.votes.entry((kind, view.0, slot.0)).or_insert(digest);
        assert_eq!(first, digest, "two {kind}s in view {view:?} for {slot:?}");
    }

    /// Delivers everything, and lets the next timers run out.
    fn pass(&mut self) {
        for at in 0..4 {
            self.turn(at);
        }
        while let Some((at, bytes)) = self.network.pop_front() {
            if let Some(process) = &mut self.processes[at] {
                process.deliver(Batch::open(&bytes, CLUSTER).unwrap());
                self.turn(at);
            }
        }
        let due = self.processes.iter().flatten().filter_map(Process::due);
        self.now = self.now.max(due.min().unwrap_or_default());
    }

    /// What each process has executed, and its state.
    fn states(&self) -> Vec<Option<(u64, Vec<Digest>)>> {
        let state = |process: &Process<u64>| {
            let snapshot = process.service().snapshot();
            let parts = snapshot.iter().map(quorate_protocol::Part::digest);
            (process.replica().status().executed.0, parts.collect())
        };
        self.processes
            .iter()
            .map(|process| process.as_ref().map(state))
            .collect()
    }
}

impl State {
    const fn is_dead(&self) -> bool {
        self.operations == self.dies_at
    }
}

/// Plays all steps. The disk dies at the first operation, and again at the second one of the next life. Returns how many operations
/// the last life had.
fn play(dies_at: [usize; 2], how: Left) -> usize {
    let mut cluster = Cluster::start(dies_at[0]);
    let mut later = [dies_at[1], usize::MAX].into_iter();
    for step in 0..STEPS {
        // P, Q, R and S in turn, so that the view changes.
        cluster.cut_off = (step % 3 == 1).then_some(step / 3);
        while cluster.is_dead() {
            cluster.restart(how, later.next().unwrap_or(usize::MAX));
        }
        for at in 0..4 {
            cluster.submit(at, format!("set key{step}={at}"));
        }
        for _ in 0..PASSES {
            cluster.pass();
        }
    }
    cluster.cut_off = None;
    for _ in 0..200 {
        while cluster.is_dead() {
            cluster.restart(how, later.next().unwrap_or(usize::MAX));
        }
        cluster.pass();
        let states = cluster.states();
        if states.windows(2).all(|two| two[0] == two[1]) {
            let executed = states[0].as_ref().map_or(0, |(executed, _)| *executed);
            assert!(executed as usize > STEPS, "{executed}");
            let operations = cluster.disk.state().operations;
            return operations;
        }
    }
    panic!(
        "{dies_at:?}, {how:?}: the states differ: {:?}",
        cluster.states()
    );
}

#[test]
fn a_process_that_dies_at_any_operation_on_its_disk_never_contradicts_itself() {
    let operations = play([usize::MAX; 2], Left::Written);
    assert!(operations > 100, "{operations}");
    for dies_at in 0..operations {
        let how = LEFT[dies_at % LEFT.len()];
        play([dies_at, dies_at / LEFT.len() % 12], how);
    }
}
