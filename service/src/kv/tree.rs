//! The entries, sorted by the digests of their keys, in a binary tree over the digests' bits.
//!
//! Each part of a snapshot is a largest subtree whose entries take at most [`PART_BYTES`] bytes. The entries alone
//! therefore decide where one part ends. A change touches only the part that holds the key, unless that part
//! outgrows the limit or shrinks so far that it joins its neighbour. Digests spread evenly for any keys, so the
//! tree stays flat.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use quorate_protocol::{Digest, Part};

use super::command::{checked_key, checked_value};
use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// The most bytes that the entries of one part take.
const PART_BYTES: usize = 64 * 1024;
/// A branch that shrinks to this size becomes a leaf again. It is well below `PART_BYTES`, so that a client cannot
/// cause a split or a join with every request.
const JOIN: usize = PART_BYTES / 2;
/// The bytes of an entry beside its texts: two lengths of at most two bytes each.
const LENGTHS: usize = 4;

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    value: String,
}

impl Entry {
    fn size(&self) -> usize {
        self.key.len() + self.value.len() + LENGTHS
    }
}

type Entries = BTreeMap<Digest, Entry>;

/// All entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    root: Node,
}

impl Tree {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let entry = self.root.get(&place(key))?;
        Some(&entry.value)
    }

    pub(super) fn set(&mut self, key: &str, value: &str) {
        let entry = Entry {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        self.root.set(place(key), entry, 0);
    }

    /// True if the key had a value.
    pub(super) fn delete(&mut self, key: &str) -> bool {
        self.root.delete(&place(key), 0).is_some()
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        self.root.cut(&mut parts);
        parts
    }

    /// # Errors
    /// [`Tree::parts`] would not produce these parts.
    pub(super) fn of_parts(parts: &[Part]) -> Result<Self, BadSnapshot> {
        let mut tree = Self::default();
        for part in parts {
            for (key, value) in read_part::<Vec<(&str, &str)>>(Some(part))? {
                let texts = checked_key(key).and_then(|key| Ok((key, checked_value(value)?)));
                let (key, value) = texts.map_err(|_| BadSnapshot::Unreadable)?;
                tree.set(key, value);
            }
        }
        // This finds entries out of order, repeated entries and wrong part boundaries.
        if tree.parts() == parts {
            Ok(tree)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }
}

/// The digest that decides where a key stands in the tree.
fn place(key: &str) -> Digest {
    Digest::of(&[key.as_bytes()])
}

/// Which child of a branch at this depth leads to the place: 0 or 1.
fn side(place: &Digest, depth: usize) -> usize {
    usize::from(place.0[depth / 8] >> (7 - depth % 8) & 1)
}

/// A subtree. A leaf takes at most `PART_BYTES` bytes. A branch may take less than `PART_BYTES`, but more than `JOIN`.
#[derive(Clone, Debug, Default)]
struct Node {
    shape: Shape,
    /// The bytes of all entries in this subtree.
    size: usize,
    /// This subtree's encoding as one part, kept from the last request for it until the next change.
    part: OnceLock<Part>,
}

#[derive(Clone, Debug)]
enum Shape {
    Leaf(Entries),
    Branch(Box<[Node; 2]>),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Leaf(Entries::new())
    }
}

impl Node {
    /// A subtree at this depth.
    fn of(entries: Entries, depth: usize) -> Self {
        let mut node = Self {
            size: entries.values().map(Entry::size).sum(),
            shape: Shape::Leaf(entries),
            part: OnceLock::new(),
        };
        node.reshape(depth);
        node
    }

    fn get(&self, place: &Digest) -> Option<&Entry> {
        let (mut node, mut depth) = (self, 0);
        loop {
            match &node.shape {
                Shape::Leaf(entries) => return entries.get(place),
                Shape::Branch(children) => node = &children[side(place, depth)],
            }
            depth += 1;
        }
    }

    /// Sets an entry and returns the one that it replaced.
    fn set(&mut self, place: Digest, entry: Entry, depth: usize) -> Option<Entry> {
        let size = entry.size();
        let replaced = match &mut self.shape {
            Shape::Leaf(entries) => entries.insert(place, entry),
            Shape::Branch(children) => children[side(&place, depth)].set(place, entry, depth + 1),
        };
        self.size = self.size + size - replaced.as_ref().map_or(0, Entry::size);
        self.part.take();
        self.reshape(depth);
        replaced
    }

    /// Deletes an entry and returns it.
    fn delete(&mut self, place: &Digest, depth: usize) -> Option<Entry> {
        let deleted = match &mut self.shape {
            Shape::Leaf(entries) => entries.remove(place)?,
            Shape::Branch(children) => children[side(place, depth)].delete(place, depth + 1)?,
        };
        self.size -= deleted.size();
        self.part.take();
        self.reshape(depth);
        Some(deleted)
    }

    /// Splits a leaf that is too large. Joins a branch that is small enough.
    fn reshape(&mut self, depth: usize) {
        match &mut self.shape {
            Shape::Leaf(entries) if self.size > PART_BYTES => {
                let (right, left): (Entries, Entries) = std::mem::take(entries)
                    .into_iter()
                    .partition(|(place, _)| side(place, depth) == 1);
                let children = [left, right].map(|entries| Self::of(entries, depth + 1));
                self.shape = Shape::Branch(Box::new(children));
            }
            Shape::Branch(_) if self.size <= JOIN => {
                let mut entries = Entries::new();
                std::mem::take(&mut self.shape).gather(&mut entries);
                self.shape = Shape::Leaf(entries);
            }
            _ => {}
        }
    }

    fn cut(&self, parts: &mut Vec<Part>) {
        match &self.shape {
            _ if self.size == 0 => {}
            Shape::Branch(children) if self.size > PART_BYTES => {
                children.iter().for_each(|child| child.cut(parts));
            }
            _ => parts.push(self.part.get_or_init(|| self.encode()).clone()),
        }
    }

    fn encode(&self) -> Part {
        let mut texts = Vec::new();
        self.texts(&mut texts);
        encode(&texts).into()
    }

    fn texts<'a>(&'a self, texts: &mut Vec<(&'a str, &'a str)>) {
        match &self.shape {
            Shape::Leaf(entries) => {
                let pairs = entries.values();
                texts.extend(pairs.map(|entry| (entry.key.as_str(), entry.value.as_str())));
            }
            Shape::Branch(children) => children.iter().for_each(|child| child.texts(texts)),
        }
    }
}

impl Shape {
    fn gather(self, entries: &mut Entries) {
        match self {
            Self::Leaf(mut own) => entries.append(&mut own),
            Self::Branch(children) => {
                for child in *children {
                    child.shape.gather(entries);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;

    fn filled(keys: usize) -> Tree {
        let mut tree = Tree::default();
        for key in 0..keys {
            tree.set(&format!("key{key}"), &"v".repeat(400));
        }
        tree
    }

    #[test]
    fn parts_are_at_most_64_kib_and_one_change_changes_one_part() {
        let mut tree = filled(5000);
        let before = tree.parts();
        assert!(before.len() > 30, "{} parts", before.len());
        // The number of entries, encoded in front of them, takes up to three bytes more.
        assert!(before.iter().all(|part| part.len() <= PART_BYTES + 3));
        tree.set("key77", "w");
        let after = tree.parts();
        let known: BTreeSet<_> = before.iter().map(Part::digest).collect();
        assert_eq!(after.len(), before.len());
        assert_eq!(
            after
                .iter()
                .filter(|part| !known.contains(&part.digest()))
                .count(),
            1
        );
        // Parts that did not change are not even encoded again: they share memory.
        let pairs = before.iter().zip(&after);
        let shared = pairs.filter(|(one, other)| Arc::ptr_eq(&one.bytes(), &other.bytes()));
        assert_eq!(shared.count(), after.len() - 1);
    }

    #[test]
    fn a_tree_that_shrank_has_the_parts_of_one_that_never_grew() {
        let mut tree = filled(2000);
        for key in 50..2000 {
            assert!(tree.delete(&format!("key{key}")));
        }
        assert_eq!(tree.parts(), filled(50).parts());
        assert!(matches!(tree.root.shape, Shape::Leaf(_)));
        for key in 0..50 {
            assert!(tree.delete(&format!("key{key}")));
        }
        assert!(tree.parts().is_empty());
        assert!(!tree.delete("key1"));
    }

    #[test]
    fn a_branch_below_the_part_size_is_already_one_part() {
        let mut tree = filled(170);
        assert!(tree.parts().len() > 1);
        for key in 100..170 {
            tree.delete(&format!("key{key}"));
        }
        assert!(matches!(tree.root.shape, Shape::Branch(_)));
        assert_eq!(tree.parts(), filled(100).parts());
        assert_eq!(tree.parts().len(), 1);
    }

    #[test]
    fn parts_that_no_tree_produces_are_refused() {
        let part = |entries: &[(&str, &str)]| -> Vec<Part> { vec![encode(entries).into()] };
        let orders = [
            part(&[("a", "1"), ("b", "2")]),
            part(&[("b", "2"), ("a", "1")]),
        ];
        let restored = orders.iter().filter(|parts| Tree::of_parts(parts).is_ok());
        assert_eq!(restored.count(), 1, "exactly one order is accepted");

        let parts = filled(300).parts();
        assert!(Tree::of_parts(&parts).is_ok());
        let reversed = parts.iter().rev().cloned().collect();
        let twice = [&parts[..], &parts].concat();
        for bad in [reversed, twice, part(&[])] {
            let refused = Tree::of_parts(&bad).map(drop);
            assert_eq!(refused, Err(BadSnapshot::NotCanonical));
        }
        for bad in [part(&[("a b", "1")]), part(&[("a", "\n")])] {
            let refused = Tree::of_parts(&bad).map(drop);
            assert_eq!(refused, Err(BadSnapshot::Unreadable));
        }
    }
}
