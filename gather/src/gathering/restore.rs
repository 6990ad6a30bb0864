//! What a node remembers over a restart.

use std::sync::Arc;

use quorate_protocol::SecretKey;

use super::{Effect, Gathering, Newer};
use crate::attempt::Attempt;
use crate::ballots::Ballot;
use crate::certificate::Certificate;
use crate::hello::Hello;
use crate::hints::Giver;
use crate::id::NodeId;
use crate::judge::{Flaw, Judge};
use crate::memory::{Memory, RestoreError};
use crate::mutant::Mutant;
use crate::peers::seat;
use crate::roster::Roster;
use crate::settings::{Settings, VERSION};
use crate::signed::{Signed, encode};
use crate::vote::Phase;

impl Gathering {
    /// A node that goes on where it was. `memory`: the bytes of its last [`Effect::Keep`]. Its key must be the one from before, and
    /// `seed` must be fresh.
    ///
    /// # Errors
    /// No node can start with these settings, or the memory is not this node's.
    pub fn restore(
        settings: Settings,
        key: SecretKey,
        seed: [u8; 32],
        memory: &[u8],
    ) -> Result<Self, RestoreError> {
        settings.check()?;
        let memory = read(memory)?;
        check(&memory, &settings, &key)?;
        let sequence = memory.sequence.saturating_add(1);
        let mut node = Self::with(settings, key, seed, sequence);
        // With two seats under one key the node would prove itself a liar.
        if memory.seat != seat(&node.hello) {
            return Err(RestoreError::OtherSeat);
        }
        node.remember(memory).map_err(RestoreError::Flaw)?;
        Ok(node)
    }

    fn remember(&mut self, memory: Memory) -> Result<(), Flaw> {
        self.attempt = Attempt::at(memory.attempt);
        for (vote, hellos) in memory.votes {
            self.judge.check_vote(&vote)?;
            let hellos: Vec<_> = hellos.into_iter().map(Arc::new).collect();
            hellos
                .iter()
                .try_for_each(|hello| self.judge.check_hello(hello))?;
            let roster = self.judge.roster(hellos)?;
            self.ballots.count(Ballot { vote, roster });
        }
        if let Some(lock) = &memory.lock {
            self.lock = Some(Judge::of_phase(self.judge.alone(lock)?, Phase::Roster)?);
        }
        if let Some(founding) = &memory.founding {
            let founding = Judge::of_phase(self.judge.alone(founding)?, Phase::Found)?;
            if !founding.roster().has(&self.judge.own()) {
                return Err(Flaw::NotMember);
            }
            self.remember_moves(memory.newer, founding.roster())?;
            self.become_member(founding, true);
        }
        let known: Vec<Roster> = self.ballots.all().map(|one| one.roster.clone()).collect();
        for roster in &known {
            self.call_members(self.now, roster);
        }
        Ok(())
    }

    fn remember_moves(&mut self, newer: Vec<Signed<Hello>>, roster: &Roster) -> Result<(), Flaw> {
        for hello in newer {
            self.judge.check_hello(&hello)?;
            if !roster.has(&hello.key) {
                return Err(Flaw::NotMember);
            }
            for address in &hello.value.addresses {
                self.add_hint(self.now, *address, Giver::Node(hello.key), None);
            }
            let (hello, since) = (Arc::new(hello), self.now);
            self.newer.insert(hello.key, Newer { hello, since });
        }
        Ok(())
    }

    /// Writes down what must last, before anything is said that follows from it.
    pub(super) fn keep(&mut self) {
        let memory = encode(&self.memory());
        if self.kept.as_ref() != Some(&memory) {
            let place = if self.is_mutant(Mutant::SendsBeforeDisk) {
                self.effects.len()
            } else {
                0
            };
            self.effects.insert(place, Effect::Keep(memory.clone()));
            self.kept = Some(memory);
        }
    }

    fn memory(&self) -> Memory {
        let own = self.judge.own();
        let votes = [Phase::Roster, Phase::Found];
        let votes = votes
            .iter()
            .filter_map(|phase| self.ballots.of(&own, *phase));
        Memory {
            version: VERSION,
            charter: self.charter.clone(),
            key: own,
            seat: seat(&self.hello),
            sequence: self.hello.value.sequence,
            attempt: self.attempt.number(),
            votes: votes
                .map(|ballot| {
                    let hellos = ballot.roster.hellos().iter();
                    let hellos = hellos.map(|hello| Signed::clone(hello)).collect();
                    (ballot.vote.clone(), hellos)
                })
                .collect(),
            lock: self.lock.as_ref().map(Certificate::alone),
            founding: self.own_founding().map(Certificate::alone),
            newer: self
                .newer
                .values()
                .map(|one| Signed::clone(&one.hello))
                .collect(),
        }
    }
}

fn read(memory: &[u8]) -> Result<Memory, RestoreError> {
    let (version, _): (u32, _) =
        postcard::take_from_bytes(memory).map_err(|_| RestoreError::Unreadable)?;
    if version != VERSION {
        return Err(RestoreError::Version {
            found: version,
            wanted: VERSION,
        });
    }
    match postcard::take_from_bytes(memory) {
        Ok((memory, [])) => Ok(memory),
        Ok(_) | Err(_) => Err(RestoreError::Unreadable),
    }
}

fn check(memory: &Memory, settings: &Settings, key: &SecretKey) -> Result<(), RestoreError> {
    let (found, wanted) = (NodeId::of(&memory.key), NodeId::of(&key.public()));
    if found != wanted {
        return Err(RestoreError::OtherKey { found, wanted });
    }
    let (found, wanted) = (memory.charter.clone(), settings.charter());
    if found != wanted {
        let (found, wanted) = (Box::new(found), Box::new(wanted));
        return Err(RestoreError::OtherCharter { found, wanted });
    }
    Ok(())
}
