//! Fresh keys and a fresh cluster id for every start (rule 1: no message of an earlier cluster is valid in this one).

use quorate_protocol::Keys as ProcessKeys;

use crate::StartError;

/// The secrets of one start.
pub(crate) struct Keys {
    pub(crate) cluster: [u8; 32],
    pub(crate) secret: Vec<[u8; 32]>,
    pub(crate) public: Vec<[u8; 32]>,
}

impl Keys {
    /// Makes a key pair for each of `processes` processes, and a cluster id.
    pub(crate) fn generate(processes: u32) -> Result<Self, StartError> {
        let cluster = random_bytes()?;
        let secret = (0..processes)
            .map(|_| random_bytes())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::known(cluster, secret))
    }

    /// Those that were made before.
    pub(crate) fn known(cluster: [u8; 32], secret: Vec<[u8; 32]>) -> Self {
        let public = secret.iter().map(ProcessKeys::public_key).collect();
        Self {
            cluster,
            secret,
            public,
        }
    }
}

fn random_bytes() -> Result<[u8; 32], StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(StartError::NoRandomness)?;
    Ok(bytes)
}
