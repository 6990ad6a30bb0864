//! What every PBFT engine must survive. Replicas 0 to 3 are P, Q, R and S. P is the primary of view 0.

mod certificates;
mod clients;
#[path = "../harness/mod.rs"]
mod harness;
mod lies;
mod pace;
mod recovery;
mod sizes;
mod slots;
mod views;

use harness::Parcel;
use quorate_protocol::{Duration, Sequence, SignedMessage};

const SOON: Duration = Duration::from_millis(800);
const LONG: Duration = Duration::from_millis(10_000);

fn is_prepare(parcel: &Parcel, slot: u64) -> bool {
    matches!(&parcel.message, SignedMessage::Prepare(m) if m.value().sequence == Sequence(slot))
}

const fn is_commit(parcel: &Parcel) -> bool {
    matches!(&parcel.message, SignedMessage::Commit(_))
}
