//! The gathering: `client members`, `offers`, `agreement`, `auction`, `bid`, `vote`, `work` and `happenings`. Whoever wants
//! something done has it done by the process that is asked, so they refuse `--spawn`.

use clap::{Args, ValueEnum};
use quorate_service::gathering::{Name, Rule};

use super::{Places, SheetFormat};

/// What each of these commands takes.
#[derive(Args)]
pub(crate) struct Shown {
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: SheetFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client offers`.
#[derive(Args)]
pub(crate) struct OffersOptions {
    /// Whose offer, such as Q [default: those of all]
    #[arg(value_name = "MEMBER")]
    pub(crate) member: Option<String>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// `client agreement`.
#[derive(Args)]
pub(crate) struct AgreementOptions {
    /// Ask for the next epoch, which begins with new offers once a quorum has asked
    #[arg(long)]
    pub(crate) next_epoch: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// `client auction`.
#[derive(Args)]
pub(crate) struct AuctionOptions {
    /// The lot [default: all lots in short]
    #[arg(value_name = "LOT")]
    pub(crate) lot: Option<Name>,
    /// Put this lot up for auction
    ///
    /// The winner pays the highest bid of another. If the lot's name ends in `.first`, the winner pays its own bid.
    #[arg(long, requires = "lot")]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// `client bid`.
#[derive(Args)]
pub(crate) struct BidOptions {
    /// The lot. The process that is asked waits until the lot is up, bids, and reveals its bid when it is time
    #[arg(value_name = "LOT")]
    pub(crate) lot: Name,
    /// How much
    #[arg(value_name = "AMOUNT")]
    pub(crate) amount: u64,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// `client vote`.
#[derive(Args)]
pub(crate) struct VoteOptions {
    /// The question [default: all questions in short]
    #[arg(value_name = "QUESTION")]
    pub(crate) question: Option<Name>,
    /// Vote for this option; where Borda's rule counts, for several, best first
    #[arg(value_name = "OPTION")]
    pub(crate) choices: Vec<Name>,
    /// Ask all members this question, with these options, instead of voting
    #[arg(long, value_name = "RULE", value_enum, requires = "choices")]
    pub(crate) ask: Option<Counting>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// How ballots are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Counting {
    /// Each ballot names one option
    Plurality,
    /// Each ballot names options in order, best first
    Borda,
}

impl Counting {
    pub(crate) const fn rule(self) -> Rule {
        match self {
            Self::Plurality => Rule::Plurality,
            Self::Borda => Rule::Borda,
        }
    }
}

/// `client work`.
#[derive(Args)]
pub(crate) struct WorkOptions {
    /// The job [default: all jobs in short]
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<Name>,
    /// Give the members this job: to count the primes from FROM up to, and without, TO
    #[arg(value_name = "FROM", requires = "parts")]
    pub(crate) from: Option<u64>,
    /// The number after the last
    #[arg(value_name = "TO")]
    pub(crate) to: Option<u64>,
    /// Into how many parts the job is divided
    #[arg(value_name = "PARTS")]
    pub(crate) parts: Option<u64>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// `client happenings`.
#[derive(Args)]
pub(crate) struct HappeningsOptions {
    /// The number of the first that is wanted
    #[arg(value_name = "FROM", default_value_t = 0)]
    pub(crate) from: u64,
    #[command(flatten)]
    pub(crate) shown: Shown,
}
