//! The trace: what every process did, live and simulated alike. docs/trace.md has its form.
//!
//! * [`event`]: an event. [`name`]: how events and processes are called. [`header`]: the first line.
//! * [`mod@file`]: a trace as JSON Lines, written and read. [`export`]: what is drawn from it.

pub mod event;
pub mod export;
pub mod file;
pub mod header;
pub mod name;

pub use event::{Event, Kind, Whom, Why};
pub use export::Form;
pub use file::Trace;
pub use header::{Clock, Header};
pub use name::{Actor, EventId, Fingerprint};
