//! Who may speak for a client: the process that a request's client belongs to, or every process if the client has signed
//! the request with a key of its own (rule 26).

use crate::digest::Digest;
use crate::id::ClientId;
use crate::message::Request;
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::seal::{Seal, sealed_bytes};
use crate::secret;
use crate::signature::{Keys, Signed, Verified};

impl Keys {
    /// Signs a request of a client for which this process may speak, or carries that of a client with a key.
    ///
    /// # Errors
    /// The client is one of another process, or its key has not signed the request.
    pub fn sign_request(&mut self, request: Request) -> Result<Verified<Request>, Misbehaviour> {
        let request = self.sign(request);
        self.check_requests([request.signed()])?;
        Ok(request)
    }

    /// Checks requests: that each signer may speak for its client, the signatures, and those of clients' own keys
    /// (rule 26).
    ///
    /// # Errors
    /// A signer may not speak for the client, or a signature is missing, not valid, or of a client without a key.
    pub(crate) fn check_requests<'a>(
        &mut self,
        requests: impl IntoIterator<Item = &'a Signed<Request>> + Clone,
    ) -> Result<(), Misbehaviour> {
        for request in requests.clone() {
            self.check_speaker(request)?;
        }
        self.check_all(requests.clone())?;
        requests
            .into_iter()
            .try_for_each(|request| self.check_seal(request))
    }

    /// Whether the signer may speak for the client. Costs no signature check.
    fn check_speaker(&self, request: &Signed<Request>) -> Result<(), Misbehaviour> {
        let (signer, client) = (request.signer(), request.value().client);
        let has_key = client.speaker().is_none();
        if client.speaker().is_some_and(|speaker| speaker != signer)
            && !self.is_mutant(Mutant::AnyoneSpeaks)
        {
            Err(Misbehaviour::RequestOfAnother { signer, client })
        } else if has_key == request.value().seal.is_some() {
            Ok(())
        } else {
            Err(Misbehaviour::BadSeal { signer, client })
        }
    }

    fn check_seal(&mut self, request: &Signed<Request>) -> Result<(), Misbehaviour> {
        let (signer, request) = (request.signer(), request.value());
        let client = request.client;
        let (ClientId::Key(key), Some(seal)) = (client, &request.seal) else {
            return Ok(());
        };
        let Request {
            timestamp,
            after,
            operation,
            ..
        } = request;
        let bytes = sealed_bytes(self.cluster(), *timestamp, *after, operation);
        self.seal_holds(&key, &bytes, seal)
            .then_some(())
            .ok_or(Misbehaviour::BadSeal { signer, client })
    }

    fn seal_holds(&mut self, key: &[u8; 32], bytes: &[u8], seal: &Seal) -> bool {
        if self.are_simulated() {
            return secret::simulated_holds(key, bytes, &seal.0)
                || self.is_mutant(Mutant::AnyoneSpeaks);
        }
        let fingerprint = Digest::of(&[b"seal", key, bytes, &seal.0]);
        self.holds_by_key(fingerprint, || secret::ed25519_holds(key, bytes, &seal.0))
    }
}
