//! The bodies of answers.

use std::io;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, TryStreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::Frame;

/// The body of an answer: whole, or made piece by piece.
pub type AnswerBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>;

/// A whole body.
pub fn whole(body: impl Into<Bytes>) -> AnswerBody {
    Either::Left(Full::new(body.into()))
}

/// A body whose pieces are made one after the other, each when the client has taken the one before. So a client that does not
/// read costs one piece. An error breaks the connection off. `next` gives each piece, with the state for the one after it.
pub fn pieces<S, F, Next>(state: S, next: F) -> AnswerBody
where
    S: Send + 'static,
    F: FnMut(S) -> Next + Send + 'static,
    Next: Future<Output = io::Result<Option<(Bytes, S)>>> + Send + 'static,
{
    Either::Right(boxed(try_unfold(state, next)))
}

fn boxed(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> UnsyncBoxBody<Bytes, io::Error> {
    StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
}
