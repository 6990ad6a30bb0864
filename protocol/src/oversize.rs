//! Whether what was sent is larger than the limits allow (rule 27).

use crate::id::ReplicaId;
use crate::limits::Limits;
use crate::message::{Batch, Piece, Query, Request};
use crate::misbehaviour::Misbehaviour;
use crate::signature::Signed;

impl Limits {
    /// Checks the size of a request.
    ///
    /// # Errors
    /// Its operation is longer than the limit, or no batch has room for it.
    pub fn check_request(&self, request: &Signed<Request>) -> Result<(), Misbehaviour> {
        let (bytes, limit) = (request.value().operation.len(), self.operation);
        if bytes > limit || request.weight() > self.batch {
            let signer = request.signer();
            return Err(Misbehaviour::LargeOperation {
                signer,
                bytes,
                limit,
            });
        }
        Ok(())
    }

    /// Checks the size of a batch and of each request in it. `signer` sent the batch.
    ///
    /// # Errors
    /// The batch, or an operation in it, is longer than the limit.
    pub fn check_batch(&self, signer: ReplicaId, batch: &Batch) -> Result<(), Misbehaviour> {
        let (bytes, limit) = (batch.weight(), self.batch);
        if bytes > limit {
            return Err(Misbehaviour::LargeBatch {
                signer,
                bytes,
                limit,
            });
        }
        batch
            .requests()
            .iter()
            .try_for_each(|request| self.check_request(request))
    }

    /// Checks the size of a read-only operation, which is bounded as that of a request is.
    ///
    /// # Errors
    /// It is longer than the limit.
    pub fn check_query(&self, query: &Signed<Query>) -> Result<(), Misbehaviour> {
        let (bytes, limit) = (query.value().operation.len(), self.operation);
        let signer = query.signer();
        let large = Misbehaviour::LargeOperation {
            signer,
            bytes,
            limit,
        };
        (bytes <= limit).then_some(()).ok_or(large)
    }

    /// Checks the size of each of these results. `signer` sent them.
    ///
    /// # Errors
    /// A result is longer than the limit.
    pub fn check_results<'a>(
        &self,
        signer: ReplicaId,
        results: impl IntoIterator<Item = &'a Vec<u8>>,
    ) -> Result<(), Misbehaviour> {
        let limit = self.result;
        let longest = results.into_iter().map(Vec::len).max().unwrap_or(0);
        let large = Misbehaviour::LargeResult {
            signer,
            bytes: longest,
            limit,
        };
        (longest <= limit).then_some(()).ok_or(large)
    }

    /// Checks the size of a piece of a state. `signer` sent it. A manifest may be as long as a message.
    ///
    /// # Errors
    /// The piece is longer than the limit.
    pub fn check_piece(&self, signer: ReplicaId, piece: &Piece) -> Result<(), Misbehaviour> {
        let limit = match piece {
            Piece::Manifest(_) => self.message,
            Piece::Part(_) => self.part,
        };
        let bytes = piece.len();
        let large = Misbehaviour::LargePiece {
            signer,
            bytes,
            limit,
        };
        (bytes <= limit).then_some(()).ok_or(large)
    }
}
