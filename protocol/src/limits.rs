//! How much a replica takes, sends and keeps, in bytes (rule 27). The limits are the same at all replicas, so that every
//! message that they let a correct replica make is one that all correct replicas take.

use serde::{Deserialize, Serialize};

use crate::id::ReplicaId;
use crate::message::{Batch, Piece, Query, Request};
use crate::misbehaviour::Misbehaviour;
use crate::replies::CLIENT;
use crate::signature::Signed;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// How many clients the reply table remembers.
const CLIENTS: usize = 32_768;

/// The limits of one cluster. Everything is counted in bytes of its encoding, unless the field says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The operation of one request.
    pub operation: usize,
    /// The result of one request.
    pub result: usize,
    /// All requests of one batch.
    pub batch: usize,
    /// The waiting requests of one speaker.
    pub waiting: usize,
    /// How many requests of one speaker may wait.
    pub waiting_requests: usize,
    /// The kept messages of one sender for views that have not started.
    pub early: usize,
    /// The results in the reply table, with 100 bytes for each beside it. The oldest are forgotten first.
    pub results: usize,
    /// The clients in the reply table, 100 bytes for each. The one that asked longest ago is forgotten first.
    pub clients: usize,
    /// One part of a state.
    pub part: usize,
    /// One message. The checkpoint interval is chosen so that VIEW-CHANGE and NEW-VIEW fit.
    pub message: usize,
}

impl Limits {
    /// The limits for `n` replicas. What is kept for each of them shrinks as n grows.
    #[must_use]
    pub fn for_replicas(n: u32) -> Self {
        let batch = MIB;
        let share = |all: usize| (all / (n as usize).max(1)).max(2 * batch);
        Self {
            operation: 128 * KIB,
            result: 64 * KIB,
            batch,
            waiting: share(64 * MIB),
            waiting_requests: 4096,
            early: share(16 * MIB),
            results: 8 * MIB,
            clients: CLIENTS * CLIENT,
            part: 2 * MIB,
            message: 6 * MIB - 64 * KIB,
        }
    }

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
            .requests
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
