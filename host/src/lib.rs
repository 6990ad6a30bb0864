//! One process without I/O. Bytes and questions go in; records, bytes, answers and events come out.
//!
//! * [`process`]: a process: its core, its clients, its part in the exchange. [`core`]: a replica with its keys, its
//!   service and its timers, for whoever needs no more.
//! * [`batch`]: how messages travel. `intake`: the checks before the replica gets a message. `perform`: does the
//!   replica's effects.
//! * [`ask`]: what callers ask and are answered. `desk`: callers' operations. [`queue`]: requests over HTTP. [`rounds`]:
//!   the exchange. `gathering`: the process as a member of a gathering.
//! * [`turn`]: records first, then everything else. [`event`]: what happened. [`journal`]: the same for the trace.
//!   [`meter`]: how often, and how long it took. [`views`]: why the view changed.
//!   [`archive`]: the proof of what was executed.

pub mod archive;
pub mod ask;
pub mod batch;
pub mod core;
mod desk;
pub mod event;
mod gathering;
mod intake;
pub mod journal;
pub mod meter;
mod perform;
pub mod process;
pub mod queue;
pub mod rounds;
pub mod turn;
pub mod views;

pub use archive::Archive;
pub use ask::{
    Answer, Ask, BYTES, Heard, LANES, Outcome, Refusal, RequestName, SignedVote, Told, UNDER_WAY,
};
pub use batch::{Arrived, BadBatch, Batch, Head, join};
pub use core::Core;
pub use event::{Event, Outgoing};
pub use journal::{Journal, Page};
pub use meter::{Counts, Histogram, Meter, Micros, Phase};
pub use process::{Past, Process, Setup, first_number};
pub use queue::{Order, Taken};
pub use rounds::Missing;
pub use turn::{Disk, NoDisk, Released, Turn};
pub use views::{Reason, ViewChange, ViewLog};
