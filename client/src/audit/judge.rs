//! Checks what processes have signed, and finds who contradicts itself.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use anyhow::{Context as _, anyhow, ensure};
use quorate_protocol::certificate::check_commits;
use quorate_protocol::forensics;
use quorate_protocol::message::{Commit, NewView};
use quorate_protocol::{
    ClusterId, Config, Digest, Evidence, Keys, Quorum, ReplicaId, Sequence, Signed, SignedMessage,
};

use super::keys::PublicKeys;
use crate::verdict::Split;

/// What is known of a cluster, to judge by.
pub(crate) struct Judge {
    config: Config,
    keys: Keys,
}

impl Judge {
    pub(crate) fn new(public: &PublicKeys) -> anyhow::Result<Self> {
        let n = u32::try_from(public.all.len()).ok();
        let n = n.and_then(NonZeroU32::new);
        let quorum = Quorum::of(n.context("the file has no public keys")?);
        let config = Config::new(ReplicaId(0), quorum);
        let config = match public.checkpoint_interval {
            Some(interval) => config.with_checkpoint_interval(interval),
            None => config,
        };
        // It signs nothing.
        let unused = [0; 32];
        let keys = Keys::new(ReplicaId(0), unused, &public.all, ClusterId(public.cluster))?;
        Ok(Self { config, keys })
    }

    pub(crate) const fn quorum(&self) -> Quorum {
        self.config.quorum
    }

    pub(crate) const fn checkpoint_interval(&self) -> u64 {
        self.config.checkpoint_interval
    }

    /// A proof with valid signatures that holds.
    pub(crate) fn proof(&mut self, bytes: &[u8]) -> anyhow::Result<Evidence> {
        let evidence = Evidence::decode(bytes).context("a proof cannot be read")?;
        self.check(&evidence)?;
        Ok(evidence)
    }

    fn check(&mut self, evidence: &Evidence) -> anyhow::Result<()> {
        self.keys.check_evidence(evidence)?;
        let (kind, accused) = (evidence.kind(), evidence.accused());
        ensure!(
            evidence.holds(&self.config),
            "the proof {kind} against {accused} proves nothing"
        );
        Ok(())
    }

    /// COMMITs of a quorum with valid signatures.
    pub(crate) fn certificate(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<Signed<Commit>>> {
        let commits: Vec<Signed<Commit>> = read(bytes).context("a certificate cannot be read")?;
        check_commits(&self.config, &commits).map_err(|flaw| anyhow!("a certificate: {flaw}"))?;
        self.keys.check_all(&commits)?;
        Ok(commits)
    }

    /// A NEW-VIEW in which all signatures are valid.
    pub(crate) fn new_view(&mut self, bytes: &[u8]) -> anyhow::Result<Signed<NewView>> {
        let new_view: Signed<NewView> = read(bytes).context("a NEW-VIEW cannot be read")?;
        self.keys.verify_message(SignedMessage::NewView {
            new_view: new_view.clone(),
            pre_prepares: Vec::new(),
        })?;
        Ok(new_view)
    }

    /// What the certificates for different batches in one slot prove, with these NEW-VIEWs.
    pub(crate) fn forensics(
        &mut self,
        certificates: &[(String, Vec<Signed<Commit>>)],
        new_views: &[Signed<NewView>],
    ) -> anyhow::Result<Vec<Evidence>> {
        let mut found: Vec<Evidence> = Vec::new();
        for (place, (_, one)) in certificates.iter().enumerate() {
            for (_, other) in certificates.iter().skip(place + 1) {
                found.extend(forensics::proofs(one, other, new_views));
            }
        }
        let mut proofs: Vec<Evidence> = Vec::new();
        for evidence in found {
            let is_known = |one: &Evidence| {
                (one.accused(), one.kind()) == (evidence.accused(), evidence.kind())
            };
            if !proofs.iter().any(is_known) {
                self.check(&evidence)?;
                proofs.push(evidence);
            }
        }
        Ok(proofs)
    }
}

/// Reads all of these bytes.
fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> anyhow::Result<T> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    ensure!(rest.is_empty(), "there are bytes after its end");
    Ok(value)
}

/// All that was found, with valid signatures.
#[derive(Default)]
pub(crate) struct Findings {
    /// The proofs that the processes have.
    pub(crate) proofs: Vec<Evidence>,
    /// The certificates for the first slot in which processes executed different batches, each with the process that has it.
    pub(crate) certificates: Vec<(String, Vec<Signed<Commit>>)>,
    /// The NEW-VIEWs of views after that.
    pub(crate) new_views: Vec<Signed<NewView>>,
    /// What the certificates and the NEW-VIEWs prove (E8).
    pub(crate) forensics: Vec<Evidence>,
}

impl Findings {
    /// Who is proved faulty.
    pub(crate) fn culprits(&self) -> BTreeSet<ReplicaId> {
        let all = self.proofs.iter().chain(&self.forensics);
        all.map(Evidence::accused).collect()
    }

    /// The slot in which the processes executed different batches, and which ones executed the same.
    pub(crate) fn disagreement(&self) -> Option<Split> {
        let mut slots: BTreeMap<Sequence, BTreeMap<Digest, Vec<String>>> = BTreeMap::new();
        for (by, commits) in &self.certificates {
            let commit = commits.first()?.value();
            let sides = slots.entry(commit.sequence).or_default();
            sides.entry(commit.digest).or_default().push(by.clone());
        }
        let (slot, sides) = slots.into_iter().find(|(_, sides)| sides.len() > 1)?;
        let (slot, sides) = (slot.0, sides.into_values().collect());
        Some(Split { slot, sides })
    }
}
