//! Fresh keys and a fresh cluster id for every start (rule 1: no message of an earlier cluster is valid in this one).

use std::collections::BTreeMap;
use std::fmt;

use quorate_protocol::Keys as ProcessKeys;

use crate::StartError;

/// The keys of one cluster. Which secret keys are known depends on who made them.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) cluster: [u8; 32],
    pub(crate) public: Vec<[u8; 32]>,
    secret: BTreeMap<usize, [u8; 32]>,
}

impl Keys {
    /// Makes a key pair for each of `processes` processes, and a cluster id.
    pub(crate) fn generate(processes: u32) -> Result<Self, StartError> {
        let cluster = random_bytes()?;
        let secret = (0..processes)
            .map(|_| random_bytes())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::known(cluster, &secret))
    }

    /// The keys of all processes, which were made before.
    pub(crate) fn known(cluster: [u8; 32], secret: &[[u8; 32]]) -> Self {
        Self {
            cluster,
            public: secret.iter().map(ProcessKeys::public_key).collect(),
            secret: secret.iter().copied().enumerate().collect(),
        }
    }

    /// The public keys of all processes, and the secret key of this process.
    pub(crate) fn of_one(
        cluster: [u8; 32],
        public: Vec<[u8; 32]>,
        index: usize,
        secret: [u8; 32],
    ) -> Self {
        Self {
            cluster,
            public,
            secret: BTreeMap::from([(index, secret)]),
        }
    }

    /// The secret key of a process. If it is not known here: zeros. No signature made with zeros is valid.
    pub(crate) fn secret_of(&self, index: usize) -> [u8; 32] {
        self.secret.get(&index).copied().unwrap_or_default()
    }

    /// Whether a process's secret key belongs to its public key.
    pub(crate) fn fits(&self, index: usize) -> bool {
        self.public.get(index) == Some(&ProcessKeys::public_key(&self.secret_of(index)))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of {} processes", self.public.len())
    }
}

/// A random seed, short enough to be typed.
pub(crate) fn draw_seed() -> Result<u64, StartError> {
    let drawn = getrandom::u32().map_err(StartError::NoRandomness)?;
    Ok(drawn.into())
}

/// 32 random bytes.
pub(crate) fn random_bytes() -> Result<[u8; 32], StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(StartError::NoRandomness)?;
    Ok(bytes)
}
