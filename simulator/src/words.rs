//! Requests in the words of those who asked for them.

use quorate_protocol::ClientId;
use quorate_protocol::message::Request;
use quorate_service::Operation;
use quorate_service::exchange::Command;

/// The most requests of a batch that are told one by one.
const MOST_TOLD: usize = 4;

/// What two batches say, told so that they differ wherever the batches do.
pub(crate) fn batches(one: &[Request], other: &[Request]) -> (String, String) {
    let alike = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let told = |batch: &[Request], tell: fn(&Request) -> String| {
        let different = batch.get(alike..).unwrap_or_default();
        let mut words: Vec<String> = different.iter().take(MOST_TOLD).map(tell).collect();
        match different.len().saturating_sub(MOST_TOLD) {
            0 => {}
            left => words.push(format!("{left} more")),
        }
        match words.pop() {
            None if alike == 0 => "nothing".to_owned(),
            None => "nothing more".to_owned(),
            Some(last) if words.is_empty() => last,
            Some(last) => format!("{} and {last}", words.join(", ")),
        }
    };
    let pair = (told(one, request), told(other, request));
    if pair.0 == pair.1 {
        return (told(one, numbered), told(other, numbered));
    }
    pair
}

/// What a request asks for, and whose it is: `'set x=1' of P`.
pub(crate) fn request(request: &Request) -> String {
    let client = match request.client {
        ClientId::Session { process, .. } => process.to_string(),
        ClientId::Named { process, .. } => format!("a client of {process}"),
        ClientId::Key(_) => "a client outside".to_owned(),
    };
    format!("{} of {client}", operation(&request.operation))
}

/// The same with the number that its client gave it, and the slot after which it executes: a client that runs twice gives two
/// requests one number.
fn numbered(one: &Request) -> String {
    let (number, after) = (one.timestamp.0, one.after.0);
    format!(
        "{} (its request {number}, after slot {after})",
        request(one)
    )
}

/// What an operation does: `'set x=1'`, the commands of the exchange, or a list of both.
pub(crate) fn operation(bytes: &[u8]) -> String {
    let parts = Operation::parts(bytes);
    let parts: Vec<String> = parts.iter().map(|part| part_of(part)).collect();
    parts.join(" then ")
}

fn part_of(bytes: &[u8]) -> String {
    match Operation::decode(bytes) {
        Some(
            Operation::KeyValue(text)
            | Operation::Text(text)
            | Operation::Request(text)
            | Operation::Gathering(text),
        ) => format!("'{text}'"),
        Some(Operation::Exchange(commands)) => {
            let commands: Vec<String> = commands.iter().map(command).collect();
            commands.join(" with ")
        }
        Some(Operation::Several(_)) | None => format!("'{}'", bytes.escape_ascii()),
    }
}

fn command(command: &Command) -> String {
    match command {
        Command::Close { round } => format!("the close of round {round}"),
        Command::Ballot { round, votes } => {
            let votes = votes.iter().map(|(voter, vote)| format!("{voter} {vote}"));
            let votes: Vec<String> = votes.collect();
            format!("the ballot of round {round} [{}]", votes.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::batches;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ReplicaId, Timestamp};
    use quorate_service::Operation;
    use quorate_service::exchange::Command;

    fn asked(by: u32, number: u64, text: &str) -> Request {
        Request::new(
            ReplicaId(by).into(),
            Timestamp(number),
            Operation::KeyValue(text.to_owned()).encode(),
        )
    }

    fn told(one: &[Request], other: &[Request]) -> [String; 2] {
        let (one, other) = batches(one, other);
        [one, other]
    }

    #[test]
    fn batches_are_told_from_their_first_difference_on() {
        let (a, b, c) = (
            asked(0, 1, "set x=1"),
            asked(1, 1, "set x=2"),
            asked(2, 1, "get x"),
        );
        let batches = told(&[a.clone(), b.clone(), c.clone()], &[a.clone(), c.clone()]);
        assert_eq!(batches, ["'set x=2' of Q and 'get x' of R", "'get x' of R"]);
        assert_eq!(
            told(std::slice::from_ref(&a), &[a.clone(), b]),
            ["nothing more", "'set x=2' of Q"]
        );
        assert_eq!(told(&[], &[c]), ["nothing", "'get x' of R"]);
    }

    #[test]
    fn requests_in_the_same_words_are_told_apart_by_their_numbers() {
        assert_eq!(
            told(&[asked(0, 1, "get x")], &[asked(0, 2, "get x")]),
            [
                "'get x' of P (its request 1, after slot 0)",
                "'get x' of P (its request 2, after slot 0)"
            ]
        );
    }

    #[test]
    fn a_long_batch_is_cut_and_its_rest_is_counted() {
        let long: Vec<_> = (1..10).map(|number| asked(0, number, "get x")).collect();
        let [words, _] = told(&long, &[]);
        assert!(words.ends_with("'get x' of P and 5 more"), "{words}");
    }

    #[test]
    fn commands_of_the_exchange_and_what_is_no_operation_have_words_too() {
        let ballot = Command::Ballot {
            round: 2,
            votes: [(ReplicaId(0), "attack".to_owned())].into(),
        };
        let ballot = Operation::Exchange(vec![Command::Close { round: 2 }, ballot]).encode();
        assert_eq!(
            super::operation(&ballot),
            "the close of round 2 with the ballot of round 2 [P attack]"
        );
        assert_eq!(super::operation(&[255]), "'\\xff'");
    }
}
