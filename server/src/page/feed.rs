//! What happened, for all who look: the latest events, each with a number, and how the processes are. A reader who does not take them in
//! time misses some, and is told how many. Nobody waits for a reader.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use quorate_fault::Scene;
use quorate_fault::behaviour::REGISTRY;
use quorate_protocol::Quorum;
use quorate_trace::{Clock, Event, Header};
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::Process;

/// The most bytes of events that are kept.
const KEPT: usize = 32 * 1024 * 1024;
/// About how many bytes go at a time.
const PIECE: usize = 256 * 1024;
/// The most streams at a time.
const STREAMS: usize = 16;
/// The most times at which is kept what waited then. A time is a second: an hour.
const TIMES: usize = 3600;
/// After so long without news a reader is told that the stream is alive.
const SILENCE: Duration = Duration::from_secs(2);

/// What all streams are made from.
#[derive(Debug)]
pub(super) struct Feed {
    /// What comes first in every stream.
    cluster: String,
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
    streams: Arc<Semaphore>,
    /// Notified when the processes should be asked at once how they are.
    pub(super) look: Notify,
    /// Notified once somebody reads.
    pub(super) looked: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    /// The latest events as JSON.
    events: VecDeque<String>,
    bytes: usize,
    /// How many events there were before those that are kept.
    gone: u64,
    /// How many events the processes had forgotten before they were asked.
    missed: u64,
    standing: Standing,
    round: Option<Round>,
    /// What waited, oldest first.
    waiting: VecDeque<Waiting>,
    /// How many times there were before those.
    waiting_gone: u64,
    /// Grows whenever the processes or the round are not as they were.
    version: u64,
}

/// How the processes are.
type Standing = Vec<OfProcess>;

/// How one process is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct OfProcess {
    pub(super) process: String,
    /// `running`, `paused`, `restarting` or `gone`.
    pub(super) state: &'static str,
    /// Why it does not run. Empty if it runs.
    pub(super) reason: String,
    /// Its behaviour, as for `--faulty`; `None` if it does not say.
    pub(super) fault: Option<String>,
    /// The rules of the links over which it sends.
    pub(super) links: Option<Vec<String>>,
}

/// The bytes that waited in the queues of the processes at a time. In a trace there is nothing of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Waiting {
    pub(super) t_us: u64,
    /// Per process that has answered, the bytes that waited for its peers, and those from its peers.
    pub(super) bytes: BTreeMap<String, [u64; 2]>,
}

/// The latest exchange that the page's reader has started.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Round {
    pub(super) round: u64,
    /// What each process has finalized, or why it has not.
    pub(super) finalized: BTreeMap<String, String>,
    pub(super) ended: bool,
}

#[derive(Serialize)]
struct Cluster<'a> {
    header: Header,
    names: Vec<&'a str>,
    behaviours: Vec<Behaviour>,
}

/// A behaviour that the page's reader can choose.
#[derive(Serialize)]
struct Behaviour {
    name: &'static str,
    example: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
struct Now<'a> {
    processes: &'a Standing,
    round: &'a Option<Round>,
    missed: u64,
}

/// How far a reader is.
pub(super) struct Reader {
    feed: Arc<Feed>,
    changed: watch::Receiver<()>,
    /// The number of the last event that it has.
    last: u64,
    version: Option<u64>,
    /// How many times it has of what waited.
    waited: u64,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    pub(super) fn of(processes: &[Process]) -> Self {
        let n = u32::try_from(processes.len()).ok();
        let quorum = Quorum::of(n.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN));
        let known = REGISTRY.iter().filter(|entry| entry.needs == Scene::Order);
        let cluster = Cluster {
            header: Header::new(quorum, Clock::Wall, as_a_file(processes)),
            names: processes.iter().map(|one| one.name.as_str()).collect(),
            behaviours: known
                .map(|entry| Behaviour {
                    name: entry.name,
                    example: entry.example,
                    what: entry.what,
                })
                .collect(),
        };
        Self {
            cluster: json(&cluster),
            kept: Mutex::default(),
            changed: watch::Sender::new(()),
            streams: Arc::new(Semaphore::new(STREAMS)),
            look: Notify::new(),
            looked: Notify::new(),
        }
    }

    /// Adds what the processes did.
    pub(super) fn add(&self, events: &[&Event], missed: u64) {
        if events.is_empty() && missed == 0 {
            return;
        }
        let mut kept = self.kept();
        for event in events {
            let text = json(event);
            kept.bytes += text.len();
            kept.events.push_back(text);
        }
        while kept.bytes > KEPT {
            let Some(oldest) = kept.events.pop_front() else {
                break;
            };
            kept.bytes -= oldest.len();
            kept.gone += 1;
        }
        kept.missed += missed;
        kept.version += u64::from(missed > 0);
        drop(kept);
        self.changed.send_replace(());
    }

    /// Tells how the processes are.
    pub(super) fn tell(&self, standing: Standing) {
        let mut kept = self.kept();
        if kept.standing == standing {
            return;
        }
        kept.standing = standing;
        kept.version += 1;
        drop(kept);
        self.changed.send_replace(());
    }

    /// Tells what waits in the queues.
    pub(super) fn wait(&self, waiting: Waiting) {
        let mut kept = self.kept();
        kept.waiting.push_back(waiting);
        if kept.waiting.len() > TIMES {
            kept.waiting.pop_front();
            kept.waiting_gone += 1;
        }
        drop(kept);
        self.changed.send_replace(());
    }

    /// Changes what is known of the round. Nothing changes if `change` says so.
    pub(super) fn round<T>(&self, change: impl FnOnce(&mut Option<Round>) -> T) -> T {
        let mut kept = self.kept();
        let changed = change(&mut kept.round);
        kept.version += 1;
        drop(kept);
        self.changed.send_replace(());
        changed
    }

    /// A round is under way.
    pub(super) fn round_begins(&self, number: u64) {
        let begun = Round {
            round: number,
            ..Round::default()
        };
        self.round(|round| *round = Some(begun));
    }

    /// What a process has finalized in the round, or why it has not.
    pub(super) fn has_finalized(&self, process: &str, words: String) {
        self.round(|round| {
            if let Some(round) = round {
                round.finalized.insert(process.to_owned(), words);
            }
        });
    }

    /// The round is over.
    pub(super) fn round_ends(&self) {
        self.round(|round| {
            if let Some(round) = round {
                round.ended = true;
            }
        });
    }

    /// A stream for somebody who has the events up to a number. `None`: there are too many.
    pub(super) fn reader(self: &Arc<Self>, last: u64) -> Option<Reader> {
        let place = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        self.looked.notify_one();
        Some(Reader {
            feed: Arc::clone(self),
            changed: self.changed.subscribe(),
            last,
            version: None,
            waited: 0,
            begun: false,
            _place: place,
        })
    }

    /// Nothing that holds the lock can panic half-way.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// The next piece of the stream, once there is one: server-sent events.
    pub(super) async fn piece(&mut self) -> Bytes {
        loop {
            self.changed.mark_unchanged();
            let piece = self.news();
            if !piece.is_empty() {
                return piece.into();
            }
            let waited = timeout(SILENCE, self.changed.changed()).await;
            if waited.is_err() {
                return Bytes::from_static(b": alive\n\n");
            }
        }
    }

    fn news(&mut self) -> String {
        let mut piece = String::new();
        if !self.begun {
            self.begun = true;
            tell(&mut piece, "cluster", &self.feed.cluster);
        }
        let kept = self.feed.kept();
        if self.version != Some(kept.version) {
            self.version = Some(kept.version);
            let now = Now {
                processes: &kept.standing,
                round: &kept.round,
                missed: kept.missed,
            };
            tell(&mut piece, "now", &json(&now));
        }
        let ended = kept.waiting_gone + kept.waiting.len() as u64;
        if self.waited < ended {
            let has = self.waited.saturating_sub(kept.waiting_gone);
            let has = usize::try_from(has).unwrap_or(usize::MAX);
            let news: Vec<_> = kept.waiting.iter().skip(has).collect();
            tell(&mut piece, "waiting", &json(&news));
            self.waited = ended;
        }
        if self.last < kept.gone {
            let skipped = kept.gone - self.last;
            tell(&mut piece, "skipped", &format!("{{\"skipped\":{skipped}}}"));
            self.last = kept.gone;
        }
        let has = usize::try_from(self.last - kept.gone).unwrap_or(usize::MAX);
        let mut events = kept.events.iter().skip(has).peekable();
        if events.peek().is_some() {
            piece.push_str("data: [");
            let mut is_first = true;
            for event in events {
                if piece.len() > PIECE {
                    break;
                }
                if !is_first {
                    piece.push(',');
                }
                is_first = false;
                piece.push_str(event);
                self.last += 1;
            }
            // Writing to a String cannot fail.
            let _ = write!(piece, "]\nid: {}\n\n", self.last);
        }
        piece
    }
}

/// The command that writes the same page as a file.
fn as_a_file(processes: &[Process]) -> String {
    let addresses: Vec<_> = processes.iter().map(|one| one.address).collect();
    let first = addresses.first().map_or(0, SocketAddr::port);
    let follow = (first..).zip(&addresses).all(|(port, address)| {
        address.ip().is_loopback() && address.ip().is_ipv4() && address.port() == port
    });
    let n = addresses.len();
    let places = if follow && (first, n) == (8000, 4) {
        String::new()
    } else if follow {
        format!(" --base-port {first} --processes {n}")
    } else {
        let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        format!(" --endpoint {}", all.join(","))
    };
    format!("client trace --html run.html{places}")
}

fn tell(piece: &mut String, kind: &str, data: &str) {
    // Writing to a String cannot fail.
    let _ = write!(piece, "event: {kind}\ndata: {data}\n\n");
}

/// What has no maps with keys that are no strings can always be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quorate_trace::{Event, Kind};

    use super::{Feed, KEPT, OfProcess, PIECE, STREAMS, TIMES, Waiting};

    fn events(numbers: std::ops::Range<u64>) -> Vec<Event> {
        let words = "x".repeat(1000);
        let event = |i| Event {
            i,
            ..Event::new(Kind::Call).what(words.clone())
        };
        numbers.map(event).collect()
    }

    fn add(feed: &Feed, numbers: std::ops::Range<u64>) {
        feed.add(&events(numbers).iter().collect::<Vec<_>>(), 0);
    }

    /// The numbers of the events in a piece, and its id.
    fn numbers(piece: &str) -> (Vec<u64>, u64) {
        let (_, rest) = piece
            .split_once("\ndata: [")
            .or(piece.split_once("data: ["))
            .unwrap();
        let (events, id) = rest.split_once("]\nid: ").unwrap();
        let events: Vec<Event> = serde_json::from_str(&format!("[{events}]")).unwrap();
        (
            events.iter().map(|event| event.i).collect(),
            id.trim().parse().unwrap(),
        )
    }

    #[test]
    fn whoever_comes_back_gets_what_follows_and_nothing_twice() {
        let feed = Arc::new(Feed::of(&[]));
        add(&feed, 1..600);
        let mut reader = feed.reader(0).unwrap();
        let mut all = Vec::new();
        while all.len() < 500 {
            let piece = reader.news();
            assert!(piece.len() < PIECE + 2000);
            let (numbers, id) = numbers(&piece);
            all.extend(numbers);
            assert_eq!(id, all.len() as u64);
            // The stream breaks off after each piece.
            reader = feed.reader(id).unwrap();
        }
        assert!((1..=all.len() as u64).eq(all));
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_reader_who_is_late_is_told_what_it_missed() {
        let feed = Arc::new(Feed::of(&[]));
        let mut reader = feed.reader(0).unwrap();
        for first in 0..40 {
            add(&feed, first * 1000 + 1..(first + 1) * 1000 + 1);
        }
        let (kept, gone) = {
            let kept = feed.kept();
            (
                kept.events.iter().map(String::len).sum::<usize>(),
                kept.gone,
            )
        };
        assert!(kept <= KEPT && gone > 0);
        let piece = reader.news();
        assert!(piece.contains(&format!("{{\"skipped\":{gone}}}")));
        assert_eq!(numbers(&piece).0[0], gone + 1);
    }

    #[test]
    fn a_reader_is_told_once_how_the_processes_are_until_that_changes() {
        let feed = Arc::new(Feed::of(&[]));
        let mut reader = feed.reader(0).unwrap();
        assert!(reader.news().contains("event: now"));
        assert_eq!(reader.news(), "");
        let standing = vec![OfProcess {
            process: "Q".to_owned(),
            state: "gone",
            ..OfProcess::default()
        }];
        feed.tell(standing.clone());
        assert!(reader.news().contains("\"state\":\"gone\""));
        feed.tell(standing);
        assert_eq!(reader.news(), "");
    }

    #[test]
    fn a_reader_is_told_each_time_once_what_waited_and_one_who_comes_late_the_last_hour() {
        let waiting = |t_us| Waiting {
            t_us,
            bytes: [("Q".to_owned(), [t_us, 0])].into(),
        };
        let feed = Arc::new(Feed::of(&[]));
        let mut reader = feed.reader(0).unwrap();
        reader.news();
        feed.wait(waiting(1));
        let told = "event: waiting\ndata: [{\"t_us\":1,\"bytes\":{\"Q\":[1,0]}}]\n\n";
        assert_eq!(reader.news(), told);
        assert_eq!(reader.news(), "");
        for time in 2..=TIMES as u64 + 10 {
            feed.wait(waiting(time));
        }
        let late = feed.reader(0).unwrap().news();
        assert_eq!(late.matches("t_us").count(), TIMES);
        assert!(late.contains("[{\"t_us\":11,"), "the oldest are gone");
    }

    #[test]
    fn there_are_only_so_many_streams() {
        let feed = Arc::new(Feed::of(&[]));
        let mut readers: Vec<_> = (0..STREAMS).map(|_| feed.reader(0).unwrap()).collect();
        assert!(feed.reader(0).is_none());
        readers.pop();
        assert!(feed.reader(0).is_some());
    }
}
