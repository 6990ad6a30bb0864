//! The key-value store behaves as a map does, and its snapshots restore it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::Part;
use quorate_protocol::tree::{BESIDE_BYTES, PART_BYTES};
use quorate_service::BadSnapshot;
use quorate_service::kv::{Answer, Command, Store};

/// The model: a plain map.
#[derive(Clone, Debug, Default)]
struct Model(BTreeMap<String, String>);

impl Model {
    fn execute(&mut self, command: &Command<'_>) -> Answer {
        let value = |key: &str| self.0.get(key).cloned();
        match *command {
            Command::Set { key, value } => {
                self.0.insert(key.into(), value.into());
                Answer::Ok
            }
            Command::Get { key } => value(key).map_or(Answer::NoSuchKey, Answer::Value),
            Command::Delete { key } => match self.0.remove(key) {
                Some(_) => Answer::Ok,
                None => Answer::NoSuchKey,
            },
            Command::Cas { key, old, new } => match value(key) {
                None => Answer::NoSuchKey,
                Some(value) if value == old => {
                    self.0.insert(key.into(), new.into());
                    Answer::Ok
                }
                Some(value) => Answer::CasFailed {
                    key: key.into(),
                    value,
                },
            },
        }
    }

    /// A store with the same entries, set in the order of the keys.
    fn store(&self) -> Store {
        let mut store = Store::default();
        for (key, value) in &self.0 {
            store.execute(&format!("set {key}={value}"));
        }
        store
    }
}

fn key() -> impl Strategy<Value = String> {
    (0..150).prop_map(|number| format!("key{number}"))
}

/// Few different values, so that some `cas` succeed. Long values, so that there are many parts.
fn value() -> impl Strategy<Value = String> {
    (0..3u8, prop_oneof![Just(1usize), Just(500), Just(4000)])
        .prop_map(|(digit, length)| digit.to_string().repeat(length))
}

fn command() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => (key(), value()).prop_map(|(key, value)| format!("set {key}={value}")),
        1 => key().prop_map(|key| format!("get {key}")),
        2 => key().prop_map(|key| format!("delete {key}")),
        2 => (key(), value(), value()).prop_map(|(key, old, new)| format!("cas {key} {old} {new}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_store_answers_as_a_map_does(commands in vec(command(), 0..400)) {
        let (mut store, mut model) = (Store::default(), Model::default());
        for text in &commands {
            let command = Command::parse(text).unwrap();
            let expected = model.execute(&command);
            if matches!(command, Command::Get { .. }) {
                prop_assert_eq!(store.query(text), Some(expected.clone()));
            } else {
                prop_assert_eq!(store.query(text), None);
            }
            prop_assert_eq!(store.execute(text), expected);
        }
    }

    #[test]
    fn equal_states_give_equal_snapshots_and_restore(commands in vec(command(), 0..400), pause in 0usize..400) {
        let (mut store, mut model) = (Store::default(), Model::default());
        for (place, text) in commands.iter().enumerate() {
            store.execute(text);
            model.execute(&Command::parse(text).unwrap());
            if place == pause {
                // A later change must not leave parts that this snapshot cached.
                prop_assert_eq!(store.snapshot(), model.store().snapshot());
            }
        }
        let parts = store.snapshot();
        prop_assert_eq!(&parts, &model.store().snapshot());
        prop_assert!(parts.iter().all(|part| part.len() <= PART_BYTES + BESIDE_BYTES));
        let mut restored = Store::restored(&parts).unwrap();
        prop_assert_eq!(restored.snapshot(), parts);
        for (key, value) in &model.0 {
            let text = format!("get {key}");
            prop_assert_eq!(restored.execute(&text), Answer::Value(value.clone()));
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,40}|(set|get|delete|cas)[ =a-z0-9\\n]{0,12}") {
        let mut store = Store::default();
        let refused = matches!(store.execute(&text), Answer::Refused(_));
        prop_assert_eq!(refused, Command::parse(&text).is_err());
    }

    #[test]
    fn a_restored_store_has_the_parts_that_it_was_restored_from(parts in vec(vec(any::<u8>(), 0..12), 0..3)) {
        let parts: Vec<Part> = parts.into_iter().map(Part::from).collect();
        if let Ok(store) = Store::restored(&parts) {
            prop_assert_eq!(store.snapshot(), parts);
        }
    }

    #[test]
    fn different_states_have_different_snapshots(one in vec(command(), 0..60), other in vec(command(), 0..60)) {
        let run = |commands: &[String]| {
            let (mut store, mut model) = (Store::default(), Model::default());
            for text in commands {
                store.execute(text);
                model.execute(&Command::parse(text).unwrap());
            }
            (store.snapshot(), model.0)
        };
        let ((one_parts, one), (other_parts, other)) = (run(&one), run(&other));
        prop_assert_eq!(one_parts == other_parts, one == other);
    }
}

#[test]
fn the_four_commands_answer_as_documented() {
    let mut store = Store::default();
    for (text, answer) in [
        ("get x", "no such key"),
        ("set x=42", "ok"),
        ("get x", "42"),
        ("cas x 1 2", "cas failed: x is 42"),
        ("cas x 42 2", "ok"),
        ("cas y 1 2", "no such key"),
        ("delete x", "ok"),
        ("delete x", "no such key"),
        (
            "increment x",
            "refused: write 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'",
        ),
    ] {
        assert_eq!(store.execute(text).to_string(), answer, "{text}");
    }
}

#[test]
fn a_changed_part_is_refused() {
    let mut store = Store::default();
    for key in 0..100 {
        store.execute(&format!("set key{key}={}", "v".repeat(4000)));
    }
    let parts = store.snapshot();
    assert!(parts.len() > 4);
    let mut longer = parts.clone();
    longer[1] = [&parts[1][..], &[0]].concat().into();
    assert_eq!(
        Store::restored(&longer).map(drop),
        Err(BadSnapshot::Unreadable)
    );
    let mut repeated = parts;
    repeated[0] = repeated[1].clone();
    assert_eq!(
        Store::restored(&repeated).map(drop),
        Err(BadSnapshot::NotCanonical)
    );
}

#[test]
fn a_part_with_an_entry_that_no_command_makes_is_refused() {
    for entry in [("a b", "1"), ("a", "\n")] {
        let part = postcard::to_stdvec(&[entry][..]).unwrap();
        let refused = Store::restored(&[part.into()]).map(drop);
        assert_eq!(refused, Err(BadSnapshot::Unreadable));
    }
}
