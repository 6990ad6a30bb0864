//! A node that is killed goes on with its data directory, whatever it was doing. Without one it is another node, which comes too
//! late.

use crate::support::meeting::{Meeting, Party};
use crate::support::nodes::{curl, free_port};

/// Four servers of one node each. The last one has a data directory.
struct Four {
    meeting: Meeting,
    ports: [String; 4],
    parties: Vec<Party>,
}

impl Four {
    /// Three nodes of four: the last one is among them.
    fn three() -> Self {
        let mut four = Self {
            meeting: Meeting::new(),
            ports: [(); 4].map(|()| free_port().to_string()),
            parties: Vec::new(),
        };
        for index in [0, 1, 3] {
            let party = four.start(index);
            four.parties.push(party);
        }
        four
    }

    fn all() -> Self {
        let mut four = Self::three();
        four.add_fourth();
        four
    }

    fn add_fourth(&mut self) {
        let party = self.start(2);
        self.parties.insert(2, party);
    }

    /// Starts a node. The last one bids for another lot than the others, so the auctions stay open for seconds.
    fn start(&mut self, index: usize) -> Party {
        let port = self.ports[index].clone();
        self.start_at(index, &port)
    }

    fn start_at(&mut self, index: usize, port: &str) -> Party {
        let join = format!("127.0.0.1:{}", self.ports[0]);
        let folder = self.meeting.folder.join(format!("data{index}"));
        let folder = folder.to_str().unwrap();
        let mut arguments = vec!["127.0.0.1", port, "--no-mdns", "--data-dir", folder];
        if index > 0 {
            arguments.extend(["--join", &join]);
        }
        if index == 3 {
            arguments.extend(["--bid", "chair=5"]);
        }
        self.meeting.start(&arguments)
    }

    fn last(&mut self) -> &mut Party {
        self.parties.last_mut().unwrap()
    }

    /// Kills the last node once it has said this, and starts it again.
    fn kill_last_once_it_says(&mut self, said: &str) {
        let last = self.last();
        last.says(said, 1);
        last.kill();
        let again = self.start(3);
        assert!(again.has_id_of(&self.parties.pop().unwrap()));
        self.parties.push(again);
    }

    fn all_end_alike(&self) {
        for lot in ["lamp", "chair"] {
            let wins = format!(" wins '{lot}' ");
            let lines = self.parties.iter().map(|party| {
                party.says(&wins, 1);
                party.lines_with(&wins).pop().unwrap()
            });
            let lines: Vec<String> = lines.collect();
            assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
        }
    }
}

fn goes_on_after(said: &str) {
    let mut four = Four::all();
    four.kill_last_once_it_says(said);
    four.all_end_alike();
}

#[test]
fn a_node_killed_while_it_waits_for_others_goes_on() {
    let mut four = Four::three();
    four.kill_last_once_it_says("3 of 4 here; waits for 1 more");
    four.add_fourth();
    four.all_end_alike();
}

#[test]
fn a_node_killed_at_the_founding_goes_on() {
    goes_on_after("this node is ");
}

#[test]
fn a_node_killed_while_offers_are_made_goes_on() {
    goes_on_after(" offers auction ");
}

#[test]
fn a_node_killed_after_the_agreement_goes_on() {
    goes_on_after("auction, by P, Q, R, S");
}

#[test]
fn a_node_killed_while_bids_are_sealed_goes_on() {
    goes_on_after("puts 'chair' up for auction");
}

#[test]
fn a_node_killed_after_the_auction_tells_the_winner_again() {
    goes_on_after(" wins 'chair' ");
}

#[test]
fn a_node_without_its_data_directory_watches() {
    let mut four = Four::all();
    four.all_end_alike();
    four.last().kill();
    let port = four.ports[3].clone();
    let join = format!("127.0.0.1:{}", four.ports[0]);
    let again = four
        .meeting
        .start(&["127.0.0.1", &port, "--no-mdns", "--join", &join]);
    again.says("this node watches", 1);
    assert!(!again.said().contains(" wins "));
}

/// What `submit` of this operation answers at a port.
fn submit(port: &str, operation: &str) -> String {
    let call = format!(
        "<?xml version='1.0'?><methodCall><methodName>submit</methodName><params><param><value><string>{operation}\
         </string></value></param></params></methodCall>"
    );
    let url = format!("http://127.0.0.1:{port}/RPC2");
    let content = "Content-Type: text/xml";
    curl(&[
        "-s",
        "--max-time",
        "30",
        "-H",
        content,
        "--data-binary",
        &call,
        &url,
    ])
}

#[test]
fn a_node_that_starts_again_at_another_port_is_reached_there() {
    let mut four = Four::all();
    four.all_end_alike();
    four.last().kill();
    let port = free_port().to_string();
    let again = four.start_at(3, &port);
    four.parties[0].says(&format!("is reached at 127.0.0.1:{port}"), 1);
    again.says(" wins 'lamp' ", 1);
    // With one of the others gone, nothing is ordered unless the messages reach the new port.
    four.parties[1].kill();
    let answer = submit(&four.ports[0], "set lamp=sold");
    assert!(answer.contains("<name>sequence_number</name>"), "{answer}");
}

#[test]
fn four_nodes_that_were_all_killed_go_on_together() {
    let mut four = Four::all();
    four.all_end_alike();
    for party in &mut four.parties {
        party.kill();
    }
    let first = four.start(0);
    // It remembers the founding, with nobody there to tell it.
    first.says("; this node is ", 1);
    let mut again = vec![first];
    again.extend([1, 2, 3].map(|index| four.start(index)));
    four.parties = again;
    four.all_end_alike();
    let answer = submit(&four.ports[2], "set lamp=sold");
    assert!(answer.contains("<name>sequence_number</name>"), "{answer}");
}
