//! How the nodes learn each other's public keys.
//!
//! All correct nodes must have the same key for a node. Otherwise a certificate would convince only some of them. A
//! liar may tell everyone a different key, so each key is spread by reliable broadcast (Bracha, "Asynchronous Byzantine
//! Agreement Protocols", 1987). The owner tells its key. Each node echoes the first key that it hears from the owner. A
//! node becomes ready for a key when a quorum echoes it, or when f+1 nodes are ready for it. A node takes a key when
//! 2f+1 nodes are ready for it. Every message of a node repeats everything that it echoes and is ready for, so later
//! messages make good for lost ones.

use std::collections::BTreeMap;

use quorate_protocol::Quorum;

/// A public key.
pub(crate) type Key = [u8; 32];

/// A node's statements: for each owner, a key.
pub(crate) type Said = BTreeMap<usize, Key>;

/// The statements of all nodes, and the keys that follow from them.
#[derive(Debug)]
pub(crate) struct KeyBook {
    own: usize,
    quorum: Quorum,
    /// What each node echoes: its first statement about each owner.
    echoes: Vec<Said>,
    /// What each node is ready for.
    readies: Vec<Said>,
    taken: BTreeMap<usize, Key>,
}

/// The effect of a statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether this node has something new to say.
    pub(crate) says_more: bool,
    /// The keys that this node now takes.
    pub(crate) taken: Vec<(usize, Key)>,
}

impl KeyBook {
    pub(crate) fn new(own: usize, key: Key, quorum: Quorum) -> Self {
        let nobody = vec![Said::new(); quorum.n() as usize];
        let mut book = Self {
            own,
            quorum,
            echoes: nobody.clone(),
            readies: nobody,
            taken: BTreeMap::new(),
        };
        book.echoes[own].insert(own, key);
        book
    }

    /// Whether the keys of all nodes are known.
    pub(crate) fn is_complete(&self) -> bool {
        self.taken.len() == self.echoes.len()
    }

    pub(crate) fn knows(&self, node: usize) -> bool {
        self.taken.contains_key(&node)
    }

    /// What this node echoes, and what it is ready for.
    pub(crate) fn own_words(&self) -> (&Said, &Said) {
        (&self.echoes[self.own], &self.readies[self.own])
    }

    /// Handles what another node echoes and is ready for.
    pub(crate) fn hear(&mut self, from: usize, echo: &Said, ready: &Said) -> Change {
        let before = self.own_length();
        if from != self.own {
            add(&mut self.echoes[from], echo);
            add(&mut self.readies[from], ready);
            if let Some(key) = self.echoes[from].get(&from).copied() {
                self.echoes[self.own].entry(from).or_insert(key);
            }
        }
        let mut change = Change::default();
        for owner in 0..self.echoes.len() {
            // This node's own readiness counts too, and may complete the next threshold.
            if let Some(key) = self.to_be_ready_for(owner) {
                self.readies[self.own].entry(owner).or_insert(key);
            }
            let certain = 2 * self.quorum.f() as usize + 1;
            if !self.knows(owner)
                && let Some(key) = said_by(&self.readies, owner, certain)
            {
                self.taken.insert(owner, key);
                change.taken.push((owner, key));
            }
        }
        change.says_more = self.own_length() > before;
        change
    }

    fn to_be_ready_for(&self, owner: usize) -> Option<Key> {
        let echoed = said_by(&self.echoes, owner, self.quorum.size());
        echoed.or_else(|| said_by(&self.readies, owner, self.quorum.one_correct()))
    }

    fn own_length(&self) -> usize {
        let (echo, ready) = self.own_words();
        echo.len() + ready.len()
    }
}

/// Adds statements. A node's first statement about an owner stands.
fn add(words: &mut Said, said: &Said) {
    for (owner, key) in said {
        words.entry(*owner).or_insert(*key);
    }
}

/// The key that at least `enough` nodes state for an owner.
fn said_by(all: &[Said], owner: usize, enough: usize) -> Option<Key> {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    for key in all.iter().filter_map(|said| said.get(&owner)) {
        *counts.entry(*key).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count >= enough)
        .map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{Key, KeyBook, Quorum, Said};

    fn key(of: usize) -> Key {
        [u8::try_from(of).unwrap(); 32]
    }

    fn cluster(n: usize) -> Vec<KeyBook> {
        let quorum = Quorum::of(NonZeroU32::new(u32::try_from(n).unwrap()).unwrap());
        (0..n)
            .map(|own| KeyBook::new(own, key(own), quorum))
            .collect()
    }

    /// All nodes send to all nodes, over and over. `alter` may change a message or drop it.
    fn talk(
        books: &mut [KeyBook],
        alter: impl Fn(usize, usize, (Said, Said)) -> Option<(Said, Said)>,
    ) {
        for _ in 0..5 {
            for from in 0..books.len() {
                for to in 0..books.len() {
                    let (echo, ready) = books[from].own_words();
                    if let Some((echo, ready)) = alter(from, to, (echo.clone(), ready.clone())) {
                        books[to].hear(from, &echo, &ready);
                    }
                }
            }
        }
    }

    #[test]
    fn everyone_takes_everyones_key() {
        for n in [1, 2, 3, 4, 7] {
            let mut books = cluster(n);
            talk(&mut books, |_, _, words| Some(words));
            for book in &books {
                assert!(book.is_complete(), "{n}");
                assert!(
                    book.taken
                        .iter()
                        .all(|(owner, taken)| *taken == key(*owner))
                );
            }
        }
    }

    #[test]
    fn the_others_learn_their_keys_while_one_node_is_silent() {
        let mut books = cluster(4);
        talk(&mut books, |from, _, words| (from != 3).then_some(words));
        for book in &books[..3] {
            assert_eq!(book.taken.len(), 3);
            assert!(!book.knows(3));
        }
    }

    #[test]
    fn two_nodes_never_take_different_keys_of_a_liar() {
        let mut books = cluster(4);
        talk(&mut books, |from, to, (mut echo, mut ready)| {
            if from == 3 {
                let told = key(10 + to / 2);
                echo.insert(3, told);
                ready.insert(3, told);
            }
            Some((echo, ready))
        });
        let taken: Vec<_> = books[..3].iter().map(|book| book.taken.get(&3)).collect();
        assert!(taken.iter().all(|one| *one == taken[0]), "{taken:?}");
        assert!(books[..3].iter().all(|book| (0..3).all(|i| book.knows(i))));
    }
}
