//! Nodes that misbehave after the founding: the others agree and act all the same, and say who lied.

use crate::support::eventually;
use crate::support::meeting::{Meeting, Party};
use crate::support::nodes::free_port;

/// The winner's lines of correct nodes, without the nodes' names.
fn winners(parties: &[&Party]) -> Vec<String> {
    let lines = parties
        .iter()
        .flat_map(|party| party.lines_with(" wins 'lamp' "));
    let text = |line: String| line.split_once(" wins ").map(|(_, text)| text.to_owned());
    let mut winners: Vec<String> = lines.filter_map(text).collect();
    winners.sort();
    winners.dedup();
    winners
}

/// An auction of correct nodes beside some that misbehave.
struct Play {
    _meeting: Meeting,
    lies: String,
    correct: usize,
    /// The node that started first, and a server with the other correct nodes.
    parties: [Party; 2],
    liars: Vec<Party>,
}

impl Play {
    /// `nodes` is how many the cluster has.
    fn start(nodes: usize, correct: usize, lies: &[&str]) -> Self {
        let mut meeting = Meeting::new();
        let port = free_port().to_string();
        let nodes = nodes.to_string();
        let expect = ["--expect", &nodes];
        let first = meeting.start(&[&["127.0.0.1", &port], &expect[..]].concat());
        first.says("waits for", 1);
        let more = (correct - 1).to_string();
        let others = meeting.start(&[&["127.0.0.1", &port, &more], &expect[..]].concat());
        let liars = lies.iter().map(|lie| {
            let lie = ["--faulty", lie];
            meeting.start(&[&["127.0.0.1", &port, "1"], &expect[..], &lie].concat())
        });
        let liars = liars.collect();
        Self {
            _meeting: meeting,
            lies: lies.join(" and "),
            correct,
            parties: [first, others],
            liars,
        }
    }

    fn count(&self, part: &str) -> usize {
        let lines = self
            .parties
            .iter()
            .map(|party| party.lines_with(part).len());
        lines.sum()
    }

    /// Waits until each correct node tells the winner, or that it came too late. At most so many come too late, and the others tell
    /// the same. What the first node has said.
    fn ends(self, too_late: usize) -> String {
        let told = || self.count(" wins 'lamp' ") + self.count("too late for cluster ");
        eventually(&format!("an auction with {} ends", self.lies), || {
            told() == self.correct
        });
        let won = self.count(" wins 'lamp' ");
        assert!(won + too_late >= self.correct, "{}: {won} tell", self.lies);
        let [first, others] = &self.parties;
        assert_eq!(winners(&[first, others]).len(), 1, "{}", self.lies);
        let said = first.said();
        for party in self.liars.into_iter().chain(self.parties) {
            assert_eq!(party.stop().code(), Some(0), "{}", self.lies);
        }
        said
    }
}

/// Plays an auction of so many correct nodes and one liar of each behaviour. What the first node has said.
fn play(correct: usize, lies: &[&str]) -> String {
    Play::start(correct + lies.len(), correct, lies).ends(0)
}

/// Plays an auction of seven with two that misbehave. `sybil:2` takes two seats, as a correct node would. One that joins again and
/// again gets no seat of its own; if it takes one from a correct node, that one watches.
fn play_pair(one: &str, other: &str) -> String {
    let has = |lie: &str| [one, other].contains(&lie);
    let seats = |lie: &str| match lie {
        "flood-join" => 0,
        "sybil:2" => 2,
        _ => 1,
    };
    let correct = 7 - seats(one) - seats(other);
    let too_late = if has("flood-join") { 2 } else { 0 };
    Play::start(7, correct, &[one, other]).ends(too_late)
}

#[test]
fn one_liar_of_four_spoils_no_auction_and_what_it_did_is_said() {
    for (lie, words) in [
        ("lie-offer", " offers auction, vote, work, store"),
        ("equivocate-offer", " made two offers: the first, in slot "),
        ("late-bid", " changed its bid for 'lamp' after the close: "),
        ("no-reveal", " did not reveal: void"),
        ("withhold", " wins 'lamp' "),
    ] {
        let said = play(3, &[lie]);
        assert!(said.contains(words), "{lie}: {said}");
        let is_malicious = matches!(lie, "equivocate-offer" | "late-bid");
        assert_eq!(said.contains("malicious"), is_malicious, "{lie}: {said}");
    }
}

#[test]
fn two_liars_of_seven_spoil_no_auction() {
    let said = play_pair("late-bid", "withhold");
    assert!(
        said.contains(" changed its bid for 'lamp' after the close: "),
        "{said}"
    );
    let said = play_pair("equivocate-offer", "no-reveal");
    assert!(said.contains(" made two offers: "), "{said}");
    assert!(said.contains(" did not reveal: void"), "{said}");
}

#[test]
fn a_liar_beside_one_that_joins_again_and_again_or_with_two_keys_spoils_no_auction() {
    play_pair("withhold", "flood-join");
    play_pair("late-bid", "sybil:2");
}

#[test]
#[ignore = "takes some minutes: every pair among seven processes"]
fn no_pair_of_behaviours_spoils_an_auction_of_seven() {
    let members = [
        "lie-offer",
        "equivocate-offer",
        "late-bid",
        "no-reveal",
        "withhold",
    ];
    for (index, one) in members.into_iter().enumerate() {
        for other in members[index..].iter().chain(&["flood-join", "sybil:2"]) {
            play_pair(one, other);
        }
    }
    play_pair("flood-join", "sybil:2");
}

#[test]
fn in_an_open_group_many_keys_of_one_program_take_the_free_seats_and_the_warning_says_so() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port]);
    first.says("waits for", 1);
    let other = meeting.start(&["127.0.0.1", &port, "1"]);
    let sybil = meeting.start(&["127.0.0.1", &port, "1", "--faulty", "sybil:2"]);
    first.says(" wins 'lamp' ", 1);
    other.says(" wins 'lamp' ", 1);
    sybil.says(" wins 'lamp' ", 2);
    assert_eq!(winners(&[&first, &other, &sybil]).len(), 1);
    assert!(first.said().contains("warning"), "{}", first.said());
    for party in [sybil, other, first] {
        assert_eq!(party.stop().code(), Some(0));
    }
}

#[test]
fn in_an_open_group_who_joins_again_and_again_is_shut_out() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port]);
    first.says("waits for", 1);
    let flood = meeting.start(&["127.0.0.1", &port, "1", "--faulty", "flood-join"]);
    first.says(" refusals, bad answers or new keys, shut out for ", 1);
    assert_eq!(flood.stop().code(), Some(0));
    assert_eq!(first.stop().code(), Some(0));
}

#[test]
fn who_joins_again_and_again_keeps_nobody_from_founding_and_acting() {
    let mut meeting = Meeting::new();
    let secret = meeting.folder.join("secret");
    std::fs::write(&secret, "only four nodes know this secret").unwrap();
    let secret = ["--secret-file", secret.to_str().unwrap()];
    let port = free_port().to_string();
    let first = meeting.start(&[&["127.0.0.1", &port], &secret[..]].concat());
    first.says("waits for", 1);
    let flood = meeting.start(&["127.0.0.1", &port, "1", "--faulty", "flood-join"]);
    first.says("discover   refused ", 1);
    first.says(" packets were dropped: ", 1);
    let others = meeting.start(&[&["127.0.0.1", &port, "3"], &secret[..]].concat());
    first.says(" wins 'lamp' ", 1);
    others.says(" wins 'lamp' ", 3);
    assert_eq!(winners(&[&first, &others]).len(), 1);
    for party in [flood, others, first] {
        assert_eq!(party.stop().code(), Some(0));
    }
}
