//! Commands: what members order, and what anybody asks. Both are texts.

use std::fmt;
use std::str::FromStr;

use quorate_protocol::ClusterId;
use serde::{Deserialize, Serialize};

use super::closing::Phase;
use super::offer::{self, BadOffer, Offer};
use super::word::{BadWord, Name, bytes, hex, joined, list, number};

/// The longest command, in bytes.
pub const LONGEST_COMMAND: usize = 4096;
/// The most members that a cluster can be founded with.
pub const MOST_MEMBERS: usize = 64;
/// The most options of a question.
pub const MOST_OPTIONS: usize = 31;

/// A command. `Display` writes the text that [`Command::parse`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Founds the cluster. Before it no other command counts.
    Found {
        /// The cluster's id: the digest of its roster.
        cluster: ClusterId,
        /// The names of the nodes, in the order of the replicas.
        names: Vec<Name>,
    },
    /// Does something in this epoch. Epochs count from 1.
    In(u64, Act),
}

/// What a member does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Says what it offers.
    Offer(Offer),
    /// Wants a phase closed.
    Close(Phase),
    /// Puts a lot up for auction. The price is that of the lot's name: see [`Price::of`].
    Auction(Name, Price),
    /// Bids for a lot, sealed.
    Bid {
        /// The lot.
        lot: Name,
        /// What the reveal must fit: see [`super::commitment`].
        commitment: [u8; 32],
        /// A note of the bidder to itself. Nobody else can read it.
        memo: Option<[u8; 8]>,
    },
    /// Opens a sealed bid.
    Reveal {
        /// The lot.
        lot: Name,
        /// The amount.
        amount: u64,
        /// The salt.
        salt: [u8; 32],
    },
    /// Asks all members a question.
    Question {
        /// Its name.
        question: Name,
        /// How ballots are counted.
        rule: Rule,
        /// What may be voted for.
        options: Vec<Name>,
    },
    /// Votes on a question.
    Ballot {
        /// The question.
        question: Name,
        /// One option with [`Rule::Plurality`]. With [`Rule::Borda`] an order, best first, which may leave some out.
        options: Vec<Name>,
    },
    /// Gives the members a job.
    Work(Name, Task),
    /// Says what a part of a job gives.
    Result {
        /// The job.
        job: Name,
        /// The part, from 1.
        part: u32,
        /// What it gives.
        value: u64,
    },
}

/// What the highest bidder pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Price {
    /// Its own bid.
    First,
    /// The highest bid of another; 0 if there is none.
    Second,
}

/// How ballots are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// The option with most votes wins.
    Plurality,
    /// Of m options the first of a ballot gets m points, the second m-1, and so on. The most points win.
    Borda,
}

/// A job that can be checked by doing it again: how many primes there are from `from` up to, and without, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The first number.
    pub from: u64,
    /// The number after the last.
    pub to: u64,
    /// Into how many parts the job is divided.
    pub parts: u32,
}

/// The most parts of a job.
pub const MOST_PARTS: u32 = 32;
/// The most numbers in one part.
pub const LONGEST_PART: u64 = 1_000_000;
/// The number that all numbers of a job are below.
pub const MOST_TASK: u64 = 1_000_000_000_000;

/// The first words of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// `found`
    Found,
    /// `offer`
    Offer,
    /// `close`
    Close,
    /// `auction`
    Auction,
    /// `bid`
    Bid,
    /// `reveal`
    Reveal,
    /// `question`
    Question,
    /// `ballot`
    Ballot,
    /// `work`
    Work,
    /// `result`
    Result,
}

impl Verb {
    const ALL: [Self; 10] = [
        Self::Found,
        Self::Offer,
        Self::Close,
        Self::Auction,
        Self::Bid,
        Self::Reveal,
        Self::Question,
        Self::Ballot,
        Self::Work,
        Self::Result,
    ];

    /// How a command with this verb is written.
    #[must_use]
    pub const fn grammar(self) -> &'static str {
        match self {
            Self::Found => "found CLUSTER NAME,NAME,..",
            Self::Offer => offer::GRAMMAR,
            Self::Close => {
                "EPOCH close offers|epoch, EPOCH close bids|reveals LOT, EPOCH close ballots QUESTION, EPOCH close results JOB"
            }
            Self::Auction => "EPOCH auction LOT first|second",
            Self::Bid => "EPOCH bid LOT COMMITMENT [MEMO]",
            Self::Reveal => "EPOCH reveal LOT AMOUNT SALT",
            Self::Question => "EPOCH question NAME plurality|borda OPTION,OPTION,..",
            Self::Ballot => "EPOCH ballot QUESTION OPTION[,OPTION,..]",
            Self::Work => "EPOCH work JOB primes FROM TO PARTS",
            Self::Result => "EPOCH result JOB PART VALUE",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Offer => "offer",
            Self::Close => "close",
            Self::Auction => "auction",
            Self::Bid => "bid",
            Self::Reveal => "reveal",
            Self::Question => "question",
            Self::Ballot => "ballot",
            Self::Work => "work",
            Self::Result => "result",
        }
    }
}

/// Why a text is not a command. Answers contain it: add new variants at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BadCommand {
    /// It has no verb that is known.
    #[error(
        "write 'found', or the epoch and one of offer, close, auction, bid, reveal, question, ballot, work, result"
    )]
    Verb,
    /// It has too many words, too few, or one that does not belong there.
    #[error("write: {}", .0.grammar())]
    Grammar(Verb),
    /// A word is not valid.
    #[error("{}; write: {}", .1, .0.grammar())]
    Word(Verb, BadWord),
    /// The offer is not valid.
    #[error(transparent)]
    Offer(#[from] BadOffer),
    /// The job cannot be divided so.
    #[error(
        "a job has FROM below TO, TO at most {MOST_TASK}, 1 to {MOST_PARTS} parts, and in each part 1 to {LONGEST_PART} numbers"
    )]
    Task,
    /// A question needs at least two options.
    #[error("a question has 2 to {MOST_OPTIONS} options")]
    Options,
    /// It is too long.
    #[error("a command has at most {LONGEST_COMMAND} bytes")]
    Long,
    /// The name of the lot says another price. So nobody can give a name that others bid for a price of its own.
    #[error(
        "a lot with the first price has a name that ends in '.first', and every other lot the second price"
    )]
    Price,
}

impl Price {
    /// The price of the lots with this name: the first if it ends in `.first`.
    #[must_use]
    pub fn of(lot: &Name) -> Self {
        if lot.as_str().ends_with(".first") {
            Self::First
        } else {
            Self::Second
        }
    }
}

impl Task {
    /// Counts primes from `from` up to, and without, `to`, in so many parts.
    ///
    /// # Errors
    /// The job is empty or too large.
    pub const fn new(from: u64, to: u64, parts: u32) -> Result<Self, BadCommand> {
        let fits = from < to
            && to <= MOST_TASK
            && 1 <= parts
            && parts <= MOST_PARTS
            && to - from >= parts as u64
            && (to - from).div_ceil(parts as u64) <= LONGEST_PART;
        if fits {
            Ok(Self { from, to, parts })
        } else {
            Err(BadCommand::Task)
        }
    }
}

impl Command {
    /// Reads a command. One space separates its words.
    ///
    /// # Errors
    /// The text is not a command. The error says how one is written.
    pub fn parse(text: &str) -> Result<Self, BadCommand> {
        if text.len() > LONGEST_COMMAND {
            return Err(BadCommand::Long);
        }
        let (first, rest) = text.split_once(' ').ok_or(BadCommand::Verb)?;
        if first == Verb::Found.name() {
            return found(rest);
        }
        let epoch = number(first).map_err(|_| BadCommand::Verb)?;
        let (verb, rest) = rest.split_once(' ').ok_or(BadCommand::Verb)?;
        let named = Verb::ALL.into_iter().find(|one| one.name() == verb);
        let verb = named.ok_or(BadCommand::Verb)?;
        let words: Vec<&str> = rest.split(' ').collect();
        Ok(Self::In(epoch, act(verb, rest, &words)?))
    }
}

fn found(rest: &str) -> Result<Command, BadCommand> {
    let verb = Verb::Found;
    let (cluster, names) = rest.split_once(' ').ok_or(BadCommand::Grammar(verb))?;
    let word = |bad| BadCommand::Word(verb, bad);
    Ok(Command::Found {
        cluster: ClusterId(bytes(cluster).map_err(word)?),
        names: list(names, MOST_MEMBERS, str::parse).map_err(word)?,
    })
}

fn act(verb: Verb, rest: &str, words: &[&str]) -> Result<Act, BadCommand> {
    let word = |bad| BadCommand::Word(verb, bad);
    let name = |text: &str| text.parse::<Name>().map_err(word);
    let number = |text: &str| number(text).map_err(word);
    let count = |text| u32::try_from(number(text)?).map_err(|_| word(BadWord::Number));
    let names = |text| list(text, MOST_OPTIONS, str::parse).map_err(word);
    let act = match (verb, words) {
        (Verb::Offer, _) => Act::Offer(Offer::parse(rest)?),
        (Verb::Close, ["offers"]) => Act::Close(Phase::Offers),
        (Verb::Close, ["epoch"]) => Act::Close(Phase::Epoch),
        (Verb::Close, ["bids", lot]) => Act::Close(Phase::Bids(name(lot)?)),
        (Verb::Close, ["reveals", lot]) => Act::Close(Phase::Reveals(name(lot)?)),
        (Verb::Close, ["ballots", question]) => Act::Close(Phase::Ballots(name(question)?)),
        (Verb::Close, ["results", job]) => Act::Close(Phase::Results(name(job)?)),
        (Verb::Auction, [lot, price]) => {
            let (lot, price) = (name(lot)?, price.parse().map_err(word)?);
            if price != Price::of(&lot) {
                return Err(BadCommand::Price);
            }
            Act::Auction(lot, price)
        }
        (Verb::Bid, [lot, commitment, memo @ ..]) if memo.len() <= 1 => Act::Bid {
            lot: name(lot)?,
            commitment: bytes(commitment).map_err(word)?,
            memo: memo
                .first()
                .map(|memo| bytes(memo))
                .transpose()
                .map_err(word)?,
        },
        (Verb::Reveal, [lot, amount, salt]) => Act::Reveal {
            lot: name(lot)?,
            amount: number(amount)?,
            salt: bytes(salt).map_err(word)?,
        },
        (Verb::Question, [question, rule, options]) => {
            let options = names(options)?;
            if options.len() < 2 {
                return Err(BadCommand::Options);
            }
            Act::Question {
                question: name(question)?,
                rule: rule.parse().map_err(word)?,
                options,
            }
        }
        (Verb::Ballot, [question, options]) => Act::Ballot {
            question: name(question)?,
            options: names(options)?,
        },
        (Verb::Work, [job, "primes", from, to, parts]) => {
            let task = Task::new(number(from)?, number(to)?, count(parts)?)?;
            Act::Work(name(job)?, task)
        }
        (Verb::Result, [job, part, value]) => Act::Result {
            job: name(job)?,
            part: count(part)?,
            value: number(value)?,
        },
        _ => return Err(BadCommand::Grammar(verb)),
    };
    Ok(act)
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { cluster, names } => {
                write!(f, "found {} {}", hex(&cluster.0), joined(names, ","))
            }
            Self::In(epoch, act) => write!(f, "{epoch} {act}"),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offer(offer) => write!(f, "offer {offer}"),
            Self::Close(phase) => write!(f, "close {phase}"),
            Self::Auction(lot, price) => write!(f, "auction {lot} {price}"),
            Self::Bid {
                lot,
                commitment,
                memo,
            } => {
                write!(f, "bid {lot} {}", hex(commitment))?;
                memo.map_or(Ok(()), |memo| write!(f, " {}", hex(&memo)))
            }
            Self::Reveal { lot, amount, salt } => write!(f, "reveal {lot} {amount} {}", hex(salt)),
            Self::Question {
                question,
                rule,
                options,
            } => write!(f, "question {question} {rule} {}", joined(options, ",")),
            Self::Ballot { question, options } => {
                write!(f, "ballot {question} {}", joined(options, ","))
            }
            Self::Work(job, task) => write!(f, "work {job} {task}"),
            Self::Result { job, part, value } => write!(f, "result {job} {part} {value}"),
        }
    }
}

impl FromStr for Price {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        match text {
            "first" => Ok(Self::First),
            "second" => Ok(Self::Second),
            _ => Err(BadWord::Price),
        }
    }
}

impl FromStr for Rule {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        match text {
            "plurality" => Ok(Self::Plurality),
            "borda" => Ok(Self::Borda),
            _ => Err(BadWord::Rule),
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plurality => "plurality",
            Self::Borda => "borda",
        })
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "primes {} {} {}", self.from, self.to, self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_reads_and_shows_as_its_text() {
        let (digest, memo) = ("5b".repeat(32), "0a".repeat(8));
        for text in [
            format!("found {digest} k6f1a,m93bc"),
            "1 offer auction,work can=cores:4 prefer=work".to_owned(),
            "1 close offers".to_owned(),
            "1 close bids lamp".to_owned(),
            "1 close reveals lamp".to_owned(),
            "2 close ballots colour".to_owned(),
            "2 close results primes".to_owned(),
            "2 close epoch".to_owned(),
            "1 auction lamp.first first".to_owned(),
            "1 auction lamp second".to_owned(),
            format!("1 bid lamp {digest}"),
            format!("1 bid lamp {digest} {memo}"),
            format!("1 reveal lamp 75 {digest}"),
            "1 question colour plurality red,blue".to_owned(),
            "1 question colour borda red,blue,green".to_owned(),
            "1 ballot colour blue,red".to_owned(),
            "1 work job primes 1 100000 8".to_owned(),
            "1 result job 8 9592".to_owned(),
        ] {
            assert_eq!(Command::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_how_it_is_written() {
        let digest = "5b".repeat(32);
        let word = |verb, bad| BadCommand::Word(verb, bad);
        for (text, reason) in [
            ("", BadCommand::Verb),
            ("found", BadCommand::Verb),
            ("offer work", BadCommand::Verb),
            ("1 offers work", BadCommand::Verb),
            ("1 found x", BadCommand::Grammar(Verb::Found)),
            ("01 offer work", BadCommand::Verb),
            ("found 5b P", word(Verb::Found, BadWord::Hexadecimal)),
            (
                &format!("found {digest} P,P"),
                word(Verb::Found, BadWord::Twice),
            ),
            ("1 close", BadCommand::Verb),
            ("1 close lamp", BadCommand::Grammar(Verb::Close)),
            ("1 close offers lamp", BadCommand::Grammar(Verb::Close)),
            ("1 auction lamp third", word(Verb::Auction, BadWord::Price)),
            ("1 auction lamp first", BadCommand::Price),
            ("1 auction la:mp first", word(Verb::Auction, BadWord::Name)),
            ("1 bid lamp 75", word(Verb::Bid, BadWord::Hexadecimal)),
            (
                &format!("1 reveal lamp -1 {digest}"),
                word(Verb::Reveal, BadWord::Number),
            ),
            ("1 question colour plurality red", BadCommand::Options),
            (
                "1 ballot colour red,red",
                word(Verb::Ballot, BadWord::Twice),
            ),
            ("1 work job primes 5 5 1", BadCommand::Task),
            ("1 work job primes 0 10 0", BadCommand::Task),
            ("1 work job primes 0 10 11", BadCommand::Task),
            ("1 work job primes 0 32000001 32", BadCommand::Task),
            (
                "1 work job primes 999999999999 1000000000001 1",
                BadCommand::Task,
            ),
            (
                "1 result job 4294967296 1",
                word(Verb::Result, BadWord::Number),
            ),
            ("1 result job 1 1 ", BadCommand::Grammar(Verb::Result)),
            (&"x".repeat(LONGEST_COMMAND + 1), BadCommand::Long),
        ] {
            assert_eq!(Command::parse(text), Err(reason), "{text}");
            let message = reason.to_string();
            assert!(message.len() < 180, "{message}");
        }
    }
}
