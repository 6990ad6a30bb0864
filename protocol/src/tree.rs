//! A map in parts: the entries, sorted by digests of their keys, in a binary tree over the digests' bits.
//!
//! A part is a largest subtree whose entries take at most [`PART_BYTES`] bytes, or a single larger entry. The entries alone
//! therefore decide where one part ends, whatever changes led to them. A change touches only the part that holds the key,
//! unless that part outgrows the limit or shrinks so far that it joins its neighbour. Digests spread evenly for any keys,
//! so the tree stays flat.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::part::{Cached, Part};

/// The most bytes that the entries of one part take, unless a single entry takes more. Each change costs a part: it is
/// encoded, hashed and written again. Each part costs 32 bytes in every manifest.
pub const PART_BYTES: usize = 32 * 1024;
/// A branch that shrinks to this size becomes a leaf again. It is well below `PART_BYTES`, so that a client cannot cause a
/// split or a join with every request.
const JOIN: usize = PART_BYTES / 2;
/// The most bytes that a part has beside its entries: their number.
pub const BESIDE_BYTES: usize = 5;

/// An entry of a [`Tree`].
pub trait Entry: Serialize + DeserializeOwned {
    /// The digest of the entry's key. It decides where the entry stands.
    fn place(&self) -> Digest;

    /// The most bytes that the encoded entry takes. Equal entries have equal sizes.
    fn size(&self) -> usize;
}

/// Why parts are not those of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadParts {
    /// A part cannot be decoded.
    Unreadable,
    /// The parts can be decoded, but the tree of their entries has other parts.
    NotCanonical,
}

/// The entries. A clone shares the parts that were made, not the entries.
#[derive(Clone)]
pub struct Tree<E> {
    root: Node<E>,
}

impl<E> Default for Tree<E> {
    fn default() -> Self {
        Self {
            root: Node {
                shape: Shape::Leaf(BTreeMap::new()),
                size: 0,
                part: Cached::default(),
            },
        }
    }
}

impl<E: Entry> Tree<E> {
    /// The entry at this place.
    #[must_use]
    pub fn get(&self, place: &Digest) -> Option<&E> {
        self.root.get(place)
    }

    /// Sets an entry and returns the one that it replaced.
    pub fn set(&mut self, entry: E) -> Option<E> {
        self.root.set(entry.place(), entry, 0)
    }

    /// Deletes an entry and returns it.
    pub fn delete(&mut self, place: &Digest) -> Option<E> {
        self.root.delete(place, 0)
    }

    /// The sizes of all entries together, in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.root.size
    }

    /// The entries, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        let mut entries = Vec::new();
        self.root.collect(&mut entries);
        entries.into_iter()
    }

    /// The parts, each at most [`PART_BYTES`] bytes or one entry, and [`BESIDE_BYTES`]. A part that has not changed since it was
    /// last asked for is neither encoded nor hashed again. An empty tree has no parts.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        self.root.cut(&mut |node| parts.push(node.part()));
        parts
    }

    /// The tree that these parts encode.
    ///
    /// # Errors
    /// [`Tree::parts`] would not give these parts.
    pub fn of_parts(parts: &[Part]) -> Result<Self, BadParts> {
        let mut entries = BTreeMap::new();
        for part in parts {
            for entry in decode::<E>(part).ok_or(BadParts::Unreadable)? {
                entries.insert(entry.place(), entry);
            }
        }
        let tree = Self {
            root: Node::of(entries, 0),
        };
        // This finds entries out of order, repeated entries and wrong part boundaries. The given parts are kept, so that
        // nothing is hashed again.
        let mut rest = parts.iter();
        let mut equal = true;
        tree.root.cut(&mut |node| {
            let given = rest.next();
            equal &= given.is_some_and(|given| node.encode() == given[..]);
            if let Some(given) = given {
                node.part.get_or_make(|| given.clone());
            }
        });
        if equal && rest.next().is_none() {
            Ok(tree)
        } else {
            Err(BadParts::NotCanonical)
        }
    }
}

impl<E: Entry + PartialEq> PartialEq for Tree<E> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<E: Entry + Eq> Eq for Tree<E> {}

impl<E: Entry + fmt::Debug> fmt::Debug for Tree<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode<E: Entry>(entries: &[&E]) -> Vec<u8> {
    let most: usize = entries.iter().map(|entry| entry.size()).sum();
    let room = Vec::with_capacity(most + BESIDE_BYTES);
    postcard::to_extend(entries, room).expect("plain data encodes")
}

/// Decodes a part. `None` if the bytes are malformed or if bytes are left over.
fn decode<E: Entry>(part: &[u8]) -> Option<Vec<E>> {
    let (entries, rest) = postcard::take_from_bytes(part).ok()?;
    rest.is_empty().then_some(entries)
}

/// Which child of a branch at this depth leads to the place: 0 or 1.
fn side(place: &Digest, depth: usize) -> usize {
    usize::from(place.0[depth / 8] >> (7 - depth % 8) & 1)
}

type Entries<E> = BTreeMap<Digest, E>;

/// A subtree. A leaf takes at most `PART_BYTES` bytes, or has one entry. A branch may take less than `PART_BYTES`, but more than
/// `JOIN`.
#[derive(Clone)]
struct Node<E> {
    shape: Shape<E>,
    /// The sizes of all entries in this subtree.
    size: usize,
    /// This subtree as one part.
    part: Cached<Part>,
}

#[derive(Clone)]
enum Shape<E> {
    Leaf(Entries<E>),
    Branch(Box<[Node<E>; 2]>),
}

impl<E: Entry> Node<E> {
    /// A subtree at this depth.
    fn of(entries: Entries<E>, depth: usize) -> Self {
        let mut node = Self {
            size: entries.values().map(Entry::size).sum(),
            shape: Shape::Leaf(entries),
            part: Cached::default(),
        };
        node.reshape(depth);
        node
    }

    fn get(&self, place: &Digest) -> Option<&E> {
        let (mut node, mut depth) = (self, 0);
        loop {
            match &node.shape {
                Shape::Leaf(entries) => return entries.get(place),
                Shape::Branch(children) => node = &children[side(place, depth)],
            }
            depth += 1;
        }
    }

    fn set(&mut self, place: Digest, entry: E, depth: usize) -> Option<E> {
        let size = entry.size();
        let replaced = match &mut self.shape {
            Shape::Leaf(entries) => entries.insert(place, entry),
            Shape::Branch(children) => children[side(&place, depth)].set(place, entry, depth + 1),
        };
        self.size = self.size + size - replaced.as_ref().map_or(0, Entry::size);
        self.part.forget();
        self.reshape(depth);
        replaced
    }

    fn delete(&mut self, place: &Digest, depth: usize) -> Option<E> {
        let deleted = match &mut self.shape {
            Shape::Leaf(entries) => entries.remove(place)?,
            Shape::Branch(children) => children[side(place, depth)].delete(place, depth + 1)?,
        };
        self.size -= deleted.size();
        self.part.forget();
        self.reshape(depth);
        Some(deleted)
    }

    /// Splits a leaf that is too large. Joins a branch that is small enough.
    fn reshape(&mut self, depth: usize) {
        match &mut self.shape {
            Shape::Leaf(entries) if self.size > PART_BYTES && entries.len() > 1 => {
                let (right, left): (Entries<E>, Entries<E>) = std::mem::take(entries)
                    .into_iter()
                    .partition(|(place, _)| side(place, depth) == 1);
                let children = [left, right].map(|entries| Self::of(entries, depth + 1));
                self.shape = Shape::Branch(Box::new(children));
            }
            Shape::Branch(_) if self.size <= JOIN => {
                let branch = std::mem::replace(&mut self.shape, Shape::Leaf(Entries::new()));
                let mut entries = Entries::new();
                branch.gather(&mut entries);
                self.shape = Shape::Leaf(entries);
            }
            _ => {}
        }
    }

    /// Visits the subtrees that are parts.
    fn cut(&self, visit: &mut impl FnMut(&Self)) {
        match &self.shape {
            _ if self.size == 0 => {}
            Shape::Branch(children) if self.size > PART_BYTES => {
                children.iter().for_each(|child| child.cut(visit));
            }
            _ => visit(self),
        }
    }

    fn part(&self) -> Part {
        self.part.get_or_make(|| self.encode().into()).clone()
    }

    fn encode(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        self.collect(&mut entries);
        encode(&entries)
    }

    fn collect<'a>(&'a self, all: &mut Vec<&'a E>) {
        match &self.shape {
            Shape::Leaf(entries) => all.extend(entries.values()),
            Shape::Branch(children) => children.iter().for_each(|child| child.collect(all)),
        }
    }
}

impl<E> Shape<E> {
    fn gather(self, entries: &mut Entries<E>) {
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

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Pair(u32, Vec<u8>);

    impl Entry for Pair {
        fn place(&self) -> Digest {
            place(self.0)
        }

        fn size(&self) -> usize {
            self.1.len() + 10
        }
    }

    fn place(key: u32) -> Digest {
        Digest::of(&[&key.to_le_bytes()])
    }

    fn filled(keys: u32) -> Tree<Pair> {
        let mut tree = Tree::default();
        for key in 0..keys {
            tree.set(Pair(key, vec![7; 400]));
        }
        tree
    }

    fn shared(one: &[Part], other: &[Part]) -> usize {
        let same = |(one, other): &(&Part, &Part)| Arc::ptr_eq(&one.bytes(), &other.bytes());
        one.iter().zip(other).filter(same).count()
    }

    #[test]
    fn parts_are_bounded_and_one_change_changes_one_part() {
        let mut tree = filled(5000);
        let before = tree.parts();
        assert!(before.len() > 60, "{} parts", before.len());
        assert!(
            before
                .iter()
                .all(|part| part.len() <= PART_BYTES + BESIDE_BYTES)
        );
        tree.set(Pair(77, vec![8]));
        let after = tree.parts();
        let known: BTreeSet<_> = before.iter().map(Part::digest).collect();
        let new = after.iter().filter(|part| !known.contains(&part.digest()));
        assert_eq!((after.len(), new.count()), (before.len(), 1));
        // Parts that did not change are not even encoded again: they share memory.
        assert_eq!(shared(&before, &after), after.len() - 1);
    }

    #[test]
    fn a_tree_that_shrank_has_the_parts_of_one_that_never_grew() {
        let mut tree = filled(2000);
        for key in 30..2000 {
            assert!(tree.delete(&place(key)).is_some());
            // A part that is made here must not outlive the next change.
            drop(tree.parts());
        }
        assert_eq!(tree.parts(), filled(30).parts());
        assert!(matches!(tree.root.shape, Shape::Leaf(_)));
        for key in 0..30 {
            assert!(tree.delete(&place(key)).is_some());
        }
        assert!(tree.parts().is_empty());
        assert_eq!((tree.size(), tree.delete(&place(1))), (0, None));
    }

    #[test]
    fn a_branch_below_the_part_size_is_already_one_part() {
        let mut tree = filled(85);
        assert!(tree.parts().len() > 1);
        for key in 50..85 {
            tree.delete(&place(key));
        }
        assert!(matches!(tree.root.shape, Shape::Branch(_)));
        assert_eq!(tree.parts(), filled(50).parts());
        assert_eq!(tree.parts().len(), 1);
    }

    #[test]
    fn an_entry_larger_than_a_part_is_a_part_of_its_own() {
        let large = Pair(7, vec![1; 3 * PART_BYTES]);
        let mut alone = Tree::default();
        alone.set(large.clone());
        assert_eq!(alone.parts().len(), 1);
        let mut tree = filled(200);
        let before = tree.parts();
        let small = tree.set(large).unwrap();
        let with = tree.parts();
        assert_eq!(
            with.iter()
                .filter(|part| part.len() > PART_BYTES + BESIDE_BYTES)
                .count(),
            1
        );
        assert!(with.contains(&alone.parts()[0]));
        assert_eq!(Tree::of_parts(&with), Ok(tree.clone()));
        tree.set(small);
        assert_eq!(tree.parts(), before);
        let mut two = alone.clone();
        two.set(Pair(8, vec![2; 3 * PART_BYTES]));
        assert_eq!(two.parts().len(), 2);
        two.delete(&place(8));
        assert_eq!(two.parts(), alone.parts());
    }

    #[test]
    fn a_tree_of_parts_keeps_these_parts() {
        let tree = filled(300);
        let parts = tree.parts();
        let restored = Tree::of_parts(&parts);
        assert_eq!(restored, Ok(tree));
        let again = restored.unwrap().parts();
        assert_eq!(shared(&parts, &again), parts.len());
    }

    #[test]
    fn parts_that_no_tree_has_are_refused() {
        let part = |entries: &[&Pair]| vec![Part::from(encode(entries))];
        let (one, other) = (Pair(1, vec![]), Pair(2, vec![]));
        let orders = [part(&[&one, &other]), part(&[&other, &one])];
        let accepted = orders
            .iter()
            .filter(|parts| Tree::<Pair>::of_parts(parts).is_ok());
        assert_eq!(accepted.count(), 1, "exactly one order is accepted");
        let parts = filled(300).parts();
        let reversed = parts.iter().rev().cloned().collect();
        let twice = [&parts[..], &parts].concat();
        for bad in [reversed, twice, part(&[]), parts[1..].to_vec()] {
            let refused = Tree::<Pair>::of_parts(&bad).map(drop);
            assert!(refused == Err(BadParts::NotCanonical) || bad == parts[1..]);
        }
        let longer = vec![Part::from([&parts[0][..], &[0]].concat())];
        assert_eq!(Tree::<Pair>::of_parts(&longer), Err(BadParts::Unreadable));
    }
}
