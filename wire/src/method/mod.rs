//! One type per XML-RPC method: its parameters are the type's fields, its answer the associated type.

mod agreement;
pub(crate) mod answer;
mod auction;
mod audit;
mod audit_item;
mod ballot;
mod bid;
mod evidence;
mod fault_clear;
mod fault_get;
mod fault_pardon;
mod fault_set;
mod finalize_decision;
mod gather_tell;
mod happenings;
mod link_get;
mod link_set;
mod members;
mod next_epoch;
mod offers;
mod open_auction;
mod open_vote;
mod open_work;
mod parameters;
mod process_kill;
mod process_list;
mod process_pause;
mod process_restart;
mod process_resume;
mod read;
mod receive_message;
mod round;
mod send_message;
mod server_control;
mod server_stop;
mod status;
mod submit;
mod submit_all;
mod trace;
mod view;
mod view_change;
mod vote;
mod work;

use dxr::Value;

use crate::Fault;

pub use agreement::Agreement;
pub use auction::Auction;
pub use audit::Audit;
pub use audit_item::AuditItem;
pub use ballot::Ballot;
pub use bid::Bid;
pub use evidence::{Evidence, ProofShown};
pub use fault_clear::FaultClear;
pub use fault_get::FaultGet;
pub use fault_pardon::FaultPardon;
pub use fault_set::FaultSet;
pub use finalize_decision::FinalizeDecision;
pub use gather_tell::GatherTell;
pub use happenings::Happenings;
pub use link_get::{LinkGet, LinkStatus};
pub use link_set::LinkSet;
pub use members::Members;
pub use next_epoch::NextEpoch;
pub use offers::Offers;
pub use open_auction::OpenAuction;
pub use open_vote::OpenVote;
pub use open_work::OpenWork;
pub use process_kill::ProcessKill;
pub use process_list::{ProcessList, Supervised};
pub use process_pause::ProcessPause;
pub use process_restart::ProcessRestart;
pub use process_resume::ProcessResume;
pub use read::Read;
pub use receive_message::ReceiveMessage;
pub use round::{BallotStatus, Round, RoundStatus, RoundSummary, TallyStatus, VoteStatus};
pub use send_message::SendMessage;
pub use server_control::ServerControl;
pub use server_stop::ServerStop;
pub use status::{Phase, ProcessStatus, SlotStatus, Status, StatusAnswer, Traffic};
pub use submit::{Client, RequestName, Submit, Submitted};
pub use submit_all::{Submission, SubmissionAnswer, SubmitAll, SubmittedAll};
pub use trace::Trace;
pub use view::View;
pub use view_change::{ProofStatus, RefusedStatus, ViewChangeReason, ViewChangeStatus};
pub use vote::Vote;
pub use work::Work;

/// One XML-RPC method, as both sides see it.
pub trait Method: Sized + Send + 'static {
    /// The name on the wire.
    const NAME: &'static str;
    /// What `system.methodHelp` answers.
    const HELP: &'static str;
    /// What `system.methodSignature` answers: one list of types for each way to call it, the answer's type first.
    const SIGNATURES: &'static [&'static [&'static str]];
    /// The positive fault codes that this method may answer with. Any method may also answer the codes for overload and for a
    /// process that is ending.
    const FAULTS: &'static [i32] = &[];
    /// Whether the endpoint takes a call even when its calls in flight are at the limit. Nodes that look
    /// for others need this: callers must not keep them from being heard.
    const RESERVED: bool = false;
    /// Whether a call leaves everything as it was. Neighbours of this kind in a `system.multicall` run at the same time.
    const CHANGES_NOTHING: bool = false;
    /// What the method answers.
    type Answer: Send + 'static;

    /// Reads the parameters, or says with fault -32602 which one is wrong and what is expected.
    fn from_params(params: Vec<Value>) -> Result<Self, Fault>;
    /// The parameters in the order of the wire.
    fn into_params(self) -> Vec<Value>;
    /// The answer as an XML-RPC value.
    fn answer_into_value(answer: Self::Answer) -> Value;
    /// Reads the answer, or says what is wrong with it without quoting it.
    fn answer_from_value(value: Value) -> Result<Self::Answer, String>;
}

/// A method's name, help and faults, for tables.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// [`Method::NAME`].
    pub name: &'static str,
    /// [`Method::HELP`].
    pub help: &'static str,
    /// [`Method::FAULTS`].
    pub faults: &'static [i32],
}

impl Description {
    const fn of<M: Method>() -> Self {
        Self {
            name: M::NAME,
            help: M::HELP,
            faults: M::FAULTS,
        }
    }
}

/// What every process serves; `docs/xml-rpc.md` has it as a table.
pub const TABLE: [Description; 31] = [
    Description::of::<SendMessage>(),
    Description::of::<ReceiveMessage>(),
    Description::of::<FinalizeDecision>(),
    Description::of::<Submit>(),
    Description::of::<Read>(),
    Description::of::<Status>(),
    Description::of::<Round>(),
    Description::of::<Members>(),
    Description::of::<Offers>(),
    Description::of::<Agreement>(),
    Description::of::<Auction>(),
    Description::of::<Vote>(),
    Description::of::<Work>(),
    Description::of::<Happenings>(),
    Description::of::<OpenAuction>(),
    Description::of::<Bid>(),
    Description::of::<OpenVote>(),
    Description::of::<Ballot>(),
    Description::of::<OpenWork>(),
    Description::of::<NextEpoch>(),
    Description::of::<Trace>(),
    Description::of::<Evidence>(),
    Description::of::<Audit>(),
    Description::of::<AuditItem>(),
    Description::of::<FaultSet>(),
    Description::of::<FaultClear>(),
    Description::of::<FaultGet>(),
    Description::of::<FaultPardon>(),
    Description::of::<LinkSet>(),
    Description::of::<LinkGet>(),
    Description::of::<ServerControl>(),
];

/// What a server itself serves, at the address that [`ServerControl`] answers; `docs/xml-rpc.md` has it as a table.
pub const CONTROL: [Description; 6] = [
    Description::of::<ProcessList>(),
    Description::of::<ProcessKill>(),
    Description::of::<ProcessRestart>(),
    Description::of::<ProcessPause>(),
    Description::of::<ProcessResume>(),
    Description::of::<ServerStop>(),
];
