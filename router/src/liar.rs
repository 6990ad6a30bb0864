//! Makes a liar of a correct node: the router tampers with the node's messages to other nodes.

use std::str::FromStr;

use quorate_protocol::Digest;
use serde_json::Value;

use super::message::{Body, Message};
use quorate_fault::Dice;

/// Fields that are left as they are: without them a message would be malformed, not false.
const KEPT: [&str; 3] = ["type", "msg_id", "in_reply_to"];
/// Of a thousand messages, the number whose numbers are left as they are if anything else can be changed. A message for
/// another view or slot is easily ignored; votes must guard against different contents for the same slot.
const CONTENT_ONLY: u64 = 700;

/// How a liar's messages to other nodes are tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Half of them are dropped.
    Drop,
    /// Each takes up to a second longer.
    Delay,
    /// Values in their bodies are changed, for all recipients alike.
    Alter,
    /// Values in their bodies are changed, differently for each recipient.
    Equivocate,
}

impl FromStr for Lie {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "drop" => Ok(Self::Drop),
            "delay" => Ok(Self::Delay),
            "alter" => Ok(Self::Alter),
            "equivocate" => Ok(Self::Equivocate),
            _ => Err(format!(
                "'{text}' is not a lie: the lies are drop, delay, alter and equivocate"
            )),
        }
    }
}

impl Lie {
    /// The lie as it is written on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Alter => "alter",
            Self::Equivocate => "equivocate",
        }
    }

    /// Changes the message as the lie says. Returns whether anything was changed. Equal messages are always changed alike.
    pub(super) fn tamper(self, seed: u64, message: &mut Message) -> bool {
        let recipient = match self {
            Self::Alter => "",
            Self::Equivocate => &message.dest,
            Self::Drop | Self::Delay => return false,
        };
        let mut dice = dice(seed, &message.body, recipient);
        let mut places = Vec::new();
        collect_fields(&mut message.body, &mut places);
        if places.iter().any(|one| one.is_string()) && dice.chance(CONTENT_ONLY) {
            places.retain(|one| one.is_string());
        }
        let chosen = dice.below(places.len() as u64);
        for (index, place) in (0..).zip(&mut places) {
            if index == chosen || dice.chance(500) {
                change(place, &mut dice);
            }
        }
        !places.is_empty()
    }
}

/// Dice for a body and a recipient. Message ids differ from recipient to recipient, so they do not count as content.
fn dice(seed: u64, body: &Body, recipient: &str) -> Dice {
    let said: Vec<_> = body
        .iter()
        .filter(|(name, _)| *name != "msg_id" && *name != "in_reply_to")
        .collect();
    let said = serde_json::to_string(&said).unwrap_or_default();
    let digest = Digest::of(&[&seed.to_le_bytes(), recipient.as_bytes(), said.as_bytes()]);
    let [a, b, c, d, e, f, g, h, ..] = digest.0;
    Dice::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]), b'a')
}

/// All values in a value that can be changed.
fn collect<'a>(value: &'a mut Value, into: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| collect(one, into)),
        Value::Object(all) => collect_fields(all, into),
        Value::Null => {}
        Value::String(text) if text.is_empty() || is_name(text) => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => into.push(value),
    }
}

fn collect_fields<'a>(fields: &'a mut Body, into: &mut Vec<&'a mut Value>) {
    let fields = fields.iter_mut();
    for (_, value) in fields.filter(|(name, _)| !KEPT.contains(&name.as_str())) {
        collect(value, into);
    }
}

/// Whether a text is the name of a node or client. Names are kept: an answer to another name could not be delivered.
fn is_name(text: &str) -> bool {
    let number = text.strip_prefix(['n', 'c']);
    number.is_some_and(|number| number.parse::<u64>().is_ok())
}

/// Replaces a value by one of the same kind, so that a recipient cannot recognise the change by its form.
fn change(value: &mut Value, dice: &mut Dice) {
    *value = match &*value {
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Number(number) => {
            let more = dice.between(1, 9);
            number
                .as_u64()
                .and_then(|one| one.checked_add(more))
                .map_or_else(|| Value::from(more), Value::from)
        }
        Value::String(text) => {
            let changeable = |one: char| one.is_ascii_alphanumeric();
            let at = text.rfind(changeable);
            let altered = at.and_then(|at| {
                let (before, rest) = text.split_at(at);
                let mut rest = rest.chars();
                let new = another(rest.next()?, dice);
                Some(format!("{before}{new}{}", rest.as_str()))
            });
            Value::from(altered.unwrap_or_else(|| format!("{text}0")))
        }
        other => other.clone(),
    };
}

/// Another character of the same kind; a hexadecimal digit stays one.
fn another(old: char, dice: &mut Dice) -> char {
    let kind: &[u8] = match old {
        '0'..='9' => b"0123456789",
        'a'..='f' => b"abcdef",
        'A'..='F' => b"ABCDEF",
        'g'..='z' => b"ghijklmnopqrstuvwxyz",
        _ => b"GHIJKLMNOPQRSTUVWXYZ",
    };
    let others: Vec<char> = kind
        .iter()
        .map(|one| char::from(*one))
        .filter(|one| *one != old)
        .collect();
    dice.pick(&others).copied().unwrap_or(old)
}

#[cfg(test)]
mod tests {
    use super::Lie;
    use crate::message::Message;

    fn message(to: &str, msg_id: u64) -> Message {
        let line = format!(
            r#"{{"src":"n2","dest":"{to}","body":{{"type":"prepare","msg_id":{msg_id},"view":0,
            "sequence_number":1,"digest":"ab3f","nested":{{"flag":true,"msg_id":7,"all":["set x=42","c1"]}}}}}}"#
        );
        Message::parse(&line).expect("it is one")
    }

    fn lies(lie: Lie, seed: u64) -> Vec<Message> {
        let mut all = vec![message("n1", 5), message("n3", 6), message("n4", 7)];
        for one in &mut all {
            assert!(lie.tamper(seed, one));
            one.body.remove("msg_id");
            one.dest.clear();
        }
        all
    }

    #[test]
    fn who_alters_tells_all_the_same_and_who_equivocates_each_something_else() {
        let mut honest = message("", 0);
        honest.body.remove("msg_id");
        for seed in 0..20 {
            let altered = lies(Lie::Alter, seed);
            assert!(altered.iter().all(|one| *one == altered[0]));
            assert_ne!(altered[0], honest);
            assert_eq!(altered[0].kind(), "prepare");
            assert_eq!(altered, lies(Lie::Alter, seed));
        }
        let told = lies(Lie::Equivocate, 1);
        assert!(told[0] != told[1] && told[1] != told[2] && told[0] != told[2]);
        assert_eq!(told, lies(Lie::Equivocate, 1));
    }

    #[test]
    fn values_keep_their_kind() {
        for one in lies(Lie::Equivocate, 3) {
            assert!(one.body["view"].is_u64());
            let digest = one.body["digest"].as_str().expect("a string");
            assert!(digest.len() == 4 && digest.chars().all(|c| c.is_ascii_hexdigit()));
            assert!(one.body["nested"]["flag"].is_boolean());
            assert_eq!(one.body["nested"]["msg_id"], 7);
            assert_eq!(one.body["nested"]["all"][1], "c1");
        }
    }

    #[test]
    fn there_may_be_nothing_to_alter() {
        let line = r#"{"src":"n2","dest":"n1","body":{"type":"hello","text":""}}"#;
        let mut message = Message::parse(line).expect("it is one");
        assert!(!Lie::Alter.tamper(1, &mut message));
    }
}
