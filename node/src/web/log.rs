//! `GET /log`: the decided requests, `[[[client_id, seq_id], data], ...]`. The answer is made page by page while the client
//! takes it, so a client that does not read costs one page, and the runtime only hands out pages that share their data with the
//! ledger.

use std::io;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderValue, LINK};
use quorate_service::ledger::Page;
use quorate_wire::Fault;
use quorate_wire::endpoint::body::pieces;

use super::answer::{Answer, json_answer, refuse};
use super::dump::as_json;
use crate::question::Question;
use crate::rpc::Handle;

/// The most bytes of data in one page, unless a single request has more.
const PAGE_BYTES: usize = 64 * 1024;

/// Which requests are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// The number of the first, counted from 0 over all that were ever decided.
    since: u64,
    /// The most requests in the answer.
    limit: u64,
}

impl Asked {
    /// Reads `since=N&limit=M`, either of which may be missing.
    fn read(query: &str) -> Result<Self, String> {
        let mut asked = Self {
            since: 0,
            limit: u64::MAX,
        };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let member = match name {
                "since" => &mut asked.since,
                "limit" => &mut asked.limit,
                _ => return Err("write /log, or /log?since=N&limit=M".to_owned()),
            };
            *member = value
                .parse()
                .map_err(|_| format!("{name}: write a whole number from 0"))?;
        }
        Ok(asked)
    }
}

/// What is still to be sent.
struct Rest {
    handle: Handle,
    page: Page,
    /// The number after the last request of the answer.
    end: u64,
    is_first: bool,
}

/// Answers a request for the log. `Link` says where the next one begins.
pub(super) async fn answer(handle: &Handle, query: Option<&str>) -> Result<Answer, Fault> {
    let asked = match Asked::read(query.unwrap_or_default()) {
        Ok(asked) => asked,
        Err(words) => return Ok(refuse(StatusCode::BAD_REQUEST, &words)),
    };
    let (page, count) = page(handle, asked.since).await?;
    let end = page.first.saturating_add(asked.limit).min(count);
    let rest = Rest {
        handle: handle.clone(),
        page,
        end,
        is_first: true,
    };
    let body = pieces(Some(rest), |rest| async {
        match rest {
            Some(rest) => rest.piece().await.map(Some),
            None => Ok(None),
        }
    });
    let mut answer = json_answer(StatusCode::OK, body);
    let next = HeaderValue::from_str(&format!("</log?since={end}>; rel=\"next\""));
    answer
        .headers_mut()
        .extend(next.ok().map(|next| (LINK, next)));
    Ok(answer)
}

async fn page(handle: &Handle, since: u64) -> Result<(Page, u64), Fault> {
    let ask = |answer| Question::Ledger {
        since,
        most_bytes: PAGE_BYTES,
        answer,
    };
    handle.ask(ask).await
}

impl Rest {
    /// The page as text, and what is to be sent after it; `None` if it is the last.
    async fn piece(self) -> io::Result<(Bytes, Option<Self>)> {
        let Self {
            handle,
            page:
                Page {
                    first,
                    entries,
                    next,
                    ..
                },
            end,
            is_first,
        } = self;
        let left = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX);
        let texts: Vec<_> = entries.iter().take(left).map(|one| as_json(one)).collect();
        let begin = if is_first { "[" } else { ", " };
        let text = format!("{begin}{}", texts.join(", "));
        if next >= end {
            return Ok((format!("{text}]\n").into(), None));
        }
        let (page, _) = page(&handle, next).await.map_err(io::Error::other)?;
        if page.first != next {
            return Err(io::Error::other(
                "requests were forgotten before the client took them",
            ));
        }
        let rest = Self {
            handle,
            page,
            end,
            is_first: false,
        };
        Ok((text.into(), Some(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn a_query_says_where_to_begin_and_how_many_and_nothing_else() {
        let read = |query| Asked::read(query).map(|asked| (asked.since, asked.limit));
        assert_eq!(read(""), Ok((0, u64::MAX)));
        assert_eq!(read("since=7"), Ok((7, u64::MAX)));
        assert_eq!(read("limit=2&since=7"), Ok((7, 2)));
        for wrong in ["since", "since=x", "limit=-1", "from=1", "since=1&&x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
