//! A router for node programs in any language, which speak Maelstrom's protocol on standard input and output.
//!
//! The nodes are real processes and time is real. All random choices come from the seed. No node outlives the router's [`Run`].
//!
//! * [`message`]: one JSON object a line. `node`: one child process and its pipes. [`run`]: starts them and routes.
//! * [`network`]: latency, loss, partitions and silence. [`liar`]: makes a liar of a correct node.
//! * `calls`: requests of clients and their answers. `workload`: what clients ask for, and what the answers must satisfy.
//! * [`finding`]: what a node did wrong. [`verdict`]: the result of a run. [`diagram`]: the messages as an SVG.

mod calls;
pub mod diagram;
mod fields;
pub mod finding;
pub mod flight;
pub mod liar;
pub mod message;
pub mod network;
mod node;
pub mod run;
mod schedule;
pub mod verdict;
mod workload;

pub use flight::Shown;
pub use liar::Lie;
pub use network::{Conditions, Partition};
pub use run::{Failure, Run, Setup, Work};
pub use verdict::{Fact, Outcome, Verdict};
pub use workload::Progress;
