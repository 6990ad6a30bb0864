//! What happens to messages on their way from one process to another.
//!
//! * [`Rule`]: which messages it is about, and what happens to them. [`Rules`]: ordered; the first that fits a message decides.
//! * `words`: the text of a rule, such as `P->Q commit: delay 10ms±5ms, loss 5% @2s-6s`.
//! * `partition`: the text `P+Q/R+S@2s-6s`, which stands for rules.
//! * [`Links`]: plays rules, at the sender live and in the simulator's network. It reads no clock and sends nothing.
//! * [`Kind`]: the kinds of messages.

mod error;
mod partition;
mod play;
mod rule;
mod rules;
mod words;

pub use error::{LinkCause, LinkError};
pub use play::{Count, Fate, Links, ROOM, Why};
pub use quorate_protocol::message::Kind;
pub use rule::{Parcel, Rule};
pub use rules::Rules;
pub use words::{EFFECTS, FORM, help};
