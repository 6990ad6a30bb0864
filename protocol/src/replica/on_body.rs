//! Body: the answer to a fetch (rule 3).

use super::Replica;
use crate::message::Body;
use crate::misbehaviour::Misbehaviour;
use crate::signature::Signed;

impl Replica {
    pub(super) fn on_body(&mut self, body: &Signed<Body>) {
        let batch = &body.value().batch;
        if let Err(large) = self.config.limits.check_batch(body.signer(), batch) {
            return self.reject(large);
        }
        let batch = batch.clone();
        let digest = batch.digest();
        if self.log.body(digest).is_some() {
            return;
        }
        if !self.log.missing_bodies().contains(&digest) {
            return self.reject(Misbehaviour::UnwantedBody {
                signer: body.signer(),
            });
        }
        self.take_body(digest, batch);
    }
}
