//! Gathering: the members of a new cluster say what they offer, agree on an activity, and do it. All of it is ordered, so
//! every correct member sees the same.
//!
//! * [`Membership`]: who the members are, which all know before the first slot.
//! * [`Command`]: what a member orders, as a text. [`Gathering`] executes it and gives an [`Answer`].
//! * [`Choice`]: the agreement, a function of the closed offers.
//! * [`Lot`], [`Question`], [`Job`]: an auction, a vote, and work that is divided.
//! * [`Happening`]: what a node prints.
//! * [`report`]: what anybody may ask. [`Waits`]: what the members wait for.
//! * [`Member`]: a member that acts by itself.
//!
//! Only a process speaks as member. What a member may say once counts as it first executed. A phase ends when f+1 members
//! have asked for its end.

mod answer;
mod auction;
mod choice;
mod closing;
mod command;
mod happening;
mod log;
mod member;
mod membership;
mod offer;
mod once;
pub mod report;
mod state;
mod vote;
mod waits;
mod word;
mod work;

pub use answer::{Answer, Refusal};
pub use auction::{Bid, Lot, Sale, commitment};
pub use choice::{Choice, Standing};
pub use closing::{Closing, Phase};
pub use command::{
    Act, BadCommand, Command, LONGEST_COMMAND, LONGEST_PART, MOST_MEMBERS, MOST_OPTIONS,
    MOST_PARTS, MOST_TASK, Price, Rule, Task, Verb,
};
pub use happening::{Happened, Happening, Misdeed, Stage};
pub use log::{KEPT, Log};
pub use member::{MOST_WISHES, Member, Plan, Unwise, Wish};
pub use membership::{BadMembership, Membership};
pub use offer::{Activity, BadOffer, MOST_EXCLUDED, MOST_NUMBERS, Offer};
pub use once::Said;
pub use state::{Gathering, MOST_MISDEEDS, MOST_OPENED, Record, Thing};
pub use vote::Question;
pub use waits::Waits;
pub use word::{BadWord, LONGEST_NAME, MOST, Name};
pub use work::{Job, Results, assigned};
