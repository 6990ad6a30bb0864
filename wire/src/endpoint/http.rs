//! The HTTP around calls: who may call, and which verbs, paths and bodies are accepted.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_LANGUAGE, ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT,
    HOST, HeaderMap, HeaderValue, ORIGIN,
};
use http::{Method as Verb, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};

use super::body::AnswerBody;
use super::budget::Share;
use super::dispatch::{Dispatch, fault_xml};
use super::site::NoAnswer;
use super::{Routes, Site, Upgrade, page};
use crate::Limits;
use crate::xml::charset;
use crate::{Fault, link};

/// The most bytes of a refused body that are read, so that the client sees the refusal and not a reset.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;
/// The paths of the service.
const PATHS: [&str; 2] = ["/", "/RPC2"];
/// The type of every answer to a call.
const XML: &str = "text/xml; charset=utf-8";
/// A browser says with it whose page asks.
const FETCH_SITE: &str = "sec-fetch-site";
/// The type of short refusals.
const TEXT: &str = "text/plain; charset=utf-8";

/// The response to a connection over the cap.
pub(super) const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\nRetry-After: 1\r\nConnection: close\r\n\r\n\
    Too many connections.\n";

/// Whether a browser makes this request for a web page that is not from here, or under a host name that somebody has made lead here. Such
/// a page must not even learn that a process runs, so it gets no answer. Programs other than browsers send none of these headers.
pub(super) fn is_of_a_web_page<B>(request: &Request<B>, limits: &Limits) -> bool {
    let headers = request.headers();
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    let is_foreign = !matches!(site, None | Some(b"none" | b"same-origin"));
    let is_browser = site.is_some() || headers.contains_key(ACCEPT_LANGUAGE);
    headers.contains_key(ORIGIN) || is_foreign || (is_browser && !host_is_allowed(request, limits))
}

/// Answers one request. `upgrade`: where a granted upgrade is kept, if the endpoint gives links. `from`: the caller's
/// address, if it is known.
pub(super) async fn respond(
    dispatch: &Dispatch,
    routes: &[Arc<dyn Routes>],
    upgrade: Option<&Upgrade>,
    from: Option<IpAddr>,
    mut request: Request<Incoming>,
) -> Response<AnswerBody> {
    let path = request.uri().path();
    let routes = routes.iter().find(|routes| routes.serves(path));
    if let Some(refusal) = refusal(&request, dispatch.limits(), routes.is_some()) {
        return refuse(dispatch, request, refusal).await.map(Either::Left);
    }
    if link::is_wanted(&request) {
        if let Some(upgrade) = upgrade {
            upgrade.get_or_init(|| hyper::upgrade::on(&mut request));
            return link::granted().map(Either::Left);
        }
        return no_link_yet().map(Either::Left);
    }
    let Some(routes) = routes else {
        return respond_to_call(dispatch, from, request)
            .await
            .map(Either::Left);
    };
    match read_in_time(dispatch, &mut request).await {
        Ok((body, _share)) => {
            let verb = request.method().clone();
            routes.answer(verb, request.uri(), body).await
        }
        Err(error) => refuse_body(dispatch, request, error).map(Either::Left),
    }
}

/// Has a site answer one request.
pub(super) async fn respond_from(
    dispatch: &Dispatch,
    site: &dyn Site,
    mut request: Request<Incoming>,
) -> Result<Response<AnswerBody>, NoAnswer> {
    let (body, _share) = read_in_time(dispatch, &mut request)
        .await
        .map_err(|_| NoAnswer)?;
    site.answer(request.map(|_| body)).await.ok_or(NoAnswer)
}

/// Answers one request for a process that is away.
pub(super) async fn respond_for(
    dispatch: &Dispatch,
    reason: &(dyn Fn() -> String + Send + Sync),
    from: Option<IpAddr>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let is_call = request.method() == Verb::POST && PATHS.contains(&request.uri().path());
    if let Some(refusal) = refusal(&request, dispatch.limits(), !is_call) {
        return refuse(dispatch, request, refusal).await.map(Either::Left);
    }
    if is_call {
        return respond_to_call(dispatch, from, request)
            .await
            .map(Either::Left);
    }
    let away = text(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("This process is away: {}.\n", reason()),
    );
    refuse(dispatch, request, away).await.map(Either::Left)
}

/// Answers a request to one of the service's own paths.
async fn respond_to_call(
    dispatch: &Dispatch,
    from: Option<IpAddr>,
    mut request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if request.method() != Verb::POST {
        let page = page::of(dispatch.methods());
        return response(StatusCode::OK, "text/html; charset=utf-8", page);
    }
    match read_in_time(dispatch, &mut request).await {
        Ok((body, mut share)) => {
            let body = match coding(request.headers()) {
                Some(Coding::Gzip) => match inflate(&body, dispatch.limits().body) {
                    Ok(Some(inflated)) if share.grow(inflated.len()) => inflated,
                    Ok(Some(_)) => return no_room(),
                    Ok(None) => return too_large(dispatch.limits()),
                    Err(_) => {
                        let fault = Fault::transport(
                            "the body is not the gzip that its Content-Encoding says",
                        );
                        return response(StatusCode::OK, XML, fault_xml(fault));
                    }
                },
                _ => body,
            };
            let charset = charset(request.headers()).map(str::to_owned);
            let answer = dispatch.answer(body, charset, share, from).await;
            response(StatusCode::OK, XML, answer)
        }
        Err(error) => refuse_body(dispatch, request, error),
    }
}

/// Reads the body of a request. The share is the memory that it takes.
async fn read_in_time(
    dispatch: &Dispatch,
    request: &mut Request<Incoming>,
) -> Result<(Bytes, Share), BodyError> {
    let mut share = dispatch.bodies().share();
    let reading = read_body(request.body_mut(), dispatch.limits().body, &mut share);
    let read = tokio::time::timeout(dispatch.limits().body_time, reading);
    let body = read.await.unwrap_or(Err(BodyError::Late))?;
    Ok((body, share))
}

fn refuse_body(
    dispatch: &Dispatch,
    request: Request<Incoming>,
    error: BodyError,
) -> Response<Full<Bytes>> {
    match error {
        BodyError::TooLarge => {
            let refusal = too_large(dispatch.limits());
            refuse_at_once(dispatch, request, refusal)
        }
        BodyError::NoRoom => refuse_at_once(dispatch, request, no_room()),
        BodyError::Broken => closing(text(
            StatusCode::BAD_REQUEST,
            "The body could not be read.\n",
        )),
        BodyError::Late => closing(text(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not come in time.\n",
        )),
    }
}

/// Checks everything before the body. `None` if the request may go on. Other routes check their verbs themselves.
fn refusal(
    request: &Request<Incoming>,
    limits: &Limits,
    elsewhere: bool,
) -> Option<Response<Full<Bytes>>> {
    let headers = request.headers();
    if !host_is_allowed(request, limits) {
        return Some(text(
            StatusCode::FORBIDDEN,
            "This endpoint is not known under the host that the request names.\n",
        ));
    }
    if elsewhere {
        return None;
    }
    if !PATHS.contains(&request.uri().path()) {
        return Some(text(
            StatusCode::NOT_FOUND,
            "Nothing is here. The XML-RPC endpoint is /RPC2.\n",
        ));
    }
    match *request.method() {
        Verb::GET | Verb::HEAD => None,
        Verb::POST if !content_type_is_accepted(headers) => Some(text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The Content-Type of a call must be text/xml.\n",
        )),
        Verb::POST if coding(headers).is_none() => {
            let mut refusal = text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The Content-Encoding of a call may be gzip and nothing else.\n",
            );
            refusal
                .headers_mut()
                .insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            Some(refusal)
        }
        Verb::POST => None,
        _ => {
            let mut refusal = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Calls are made with POST.\n",
            );
            refusal
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            Some(refusal)
        }
    }
}

/// Every host that the request names must be this machine or an allowed host. Otherwise a web page could call this
/// endpoint by making its own host name resolve to this machine. IP addresses are safe, because nobody can make them
/// resolve to something else. HTTP/1.0 clients need not name a host.
fn host_is_allowed<B>(request: &Request<B>, limits: &Limits) -> bool {
    let mut named = request
        .headers()
        .get_all(HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or("?"))
        .peekable();
    if named.peek().is_none()
        && request.uri().host().is_none()
        && request.version() > Version::HTTP_10
    {
        return false;
    }
    named
        .chain(
            request
                .uri()
                .authority()
                .map(|authority| authority.as_str()),
        )
        .all(|host| {
            let host = without_port(host);
            host.eq_ignore_ascii_case("localhost")
                || host == "[::1]"
                || host
                    .parse::<Ipv4Addr>()
                    .is_ok_and(|address| address.is_loopback())
                || (limits.any_address && is_address(host))
                || limits
                    .allowed_hosts
                    .iter()
                    .any(|allowed| allowed.eq_ignore_ascii_case(host))
        })
}

fn is_address(host: &str) -> bool {
    match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') =>
        {
            name
        }
        _ => host,
    }
}

/// XML, no type at all, or the type that curl sends by default.
fn content_type_is_accepted(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    [
        "text/xml",
        "application/xml",
        "application/x-www-form-urlencoded",
    ]
    .iter()
    .any(|accepted| essence.eq_ignore_ascii_case(accepted))
}

enum Coding {
    Plain,
    Gzip,
}

/// The coding of the body. `None` if the coding is not supported.
fn coding(headers: &HeaderMap) -> Option<Coding> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let (first, second) = (codings.next(), codings.next());
    let name = match (first, second) {
        (None, _) => return Some(Coding::Plain),
        (Some(name), None) => name.to_str().ok()?.trim(),
        (Some(_), Some(_)) => return None,
    };
    if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
        Some(Coding::Gzip)
    } else {
        name.eq_ignore_ascii_case("identity")
            .then_some(Coding::Plain)
    }
}

/// The uncompressed body. `None` if it is larger than the limit; then at most one byte beyond the limit is
/// uncompressed.
fn inflate(body: &[u8], limit: usize) -> std::io::Result<Option<Bytes>> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(most)
        .read_to_end(&mut plain)?;
    Ok((plain.len() <= limit).then(|| plain.into()))
}

fn too_large(limits: &Limits) -> Response<Full<Bytes>> {
    let fault = Fault::transport(format!(
        "the body is larger than {} bytes; put less into one call",
        limits.body
    ));
    response(StatusCode::PAYLOAD_TOO_LARGE, XML, fault_xml(fault))
}

fn no_room() -> Response<Full<Bytes>> {
    let fault = Fault::overloaded("too many large calls are under way; try again later");
    response(StatusCode::SERVICE_UNAVAILABLE, XML, fault_xml(fault))
}

fn no_link_yet() -> Response<Full<Bytes>> {
    text(
        StatusCode::SERVICE_UNAVAILABLE,
        "No peers are known here yet.\n",
    )
}

#[derive(Clone, Copy)]
enum BodyError {
    TooLarge,
    NoRoom,
    Broken,
    Late,
}

async fn read_body(
    body: &mut Incoming,
    limit: usize,
    share: &mut Share,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(BodyError::TooLarge);
    }
    let mut whole: Option<Vec<u8>> = None;
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        let length = whole.as_ref().map_or(first.len(), Vec::len);
        if data.len() > limit - length {
            return Err(BodyError::TooLarge);
        }
        match &mut whole {
            // Most bodies come in one piece, which needs no copy.
            None if first.is_empty() => first = data,
            None => whole = Some([first.as_ref(), data.as_ref()].concat()),
            Some(whole) => whole.extend_from_slice(&data),
        }
        if !share.grow(whole.as_ref().map_or(first.len(), Vec::len)) {
            return Err(BodyError::NoRoom);
        }
    }
    Ok(whole.map_or(first, Bytes::from))
}

/// Sends a refusal after reading what the client sends anyway. If the body is larger than that, the connection closes.
async fn refuse(
    dispatch: &Dispatch,
    mut request: Request<Incoming>,
    refusal: Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    if waits_to_continue(&request) {
        return closing(refusal);
    }
    let drained = drain(request.body_mut());
    if tokio::time::timeout(dispatch.limits().body_time, drained).await == Ok(true) {
        refusal
    } else {
        closing(refusal)
    }
}

/// Sends a refusal before the body arrives, since that may take long. Reads the body at the same time.
fn refuse_at_once(
    dispatch: &Dispatch,
    mut request: Request<Incoming>,
    refusal: Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    if !waits_to_continue(&request) {
        let time = dispatch.limits().body_time;
        tokio::spawn(async move { tokio::time::timeout(time, drain(request.body_mut())).await });
    }
    closing(refusal)
}

/// A client that waits for `100 Continue` does not send its body after a refusal.
fn waits_to_continue(request: &Request<Incoming>) -> bool {
    request.headers().contains_key(EXPECT)
}

/// Reads a body and drops it. Returns whether it ended within the limit.
async fn drain(body: &mut Incoming) -> bool {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > DRAIN_LIMIT {
            return false;
        }
    }
    true
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn text(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    response(status, TEXT, message.to_owned())
}

fn closing(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::{host_is_allowed, is_of_a_web_page};
    use crate::Limits;
    use http::Request;

    fn allowed(host: &str, any_address: bool) -> bool {
        let request = Request::builder()
            .header("host", host)
            .body(())
            .expect("a request");
        let limits = Limits {
            allowed_hosts: vec!["quorate.example".to_owned()],
            any_address,
            ..Limits::default()
        };
        host_is_allowed(&request, &limits)
    }

    #[test]
    fn an_endpoint_that_listens_everywhere_may_be_called_by_any_address_but_not_by_any_name() {
        for host in ["10.0.0.1:8000", "10.0.0.1", "[fd00::2]:1", "[::2]"] {
            assert!(allowed(host, true), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "10.0.0.1.evil.example",
            "fd00::2",
            "[evil]:1",
        ] {
            assert!(!allowed(host, true), "{host}");
        }
    }

    #[test]
    fn only_this_machine_and_allowed_hosts_are_accepted_as_host() {
        let allowed = |host| allowed(host, false);
        for host in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1",
            "127.1.2.3:8000",
            "[::1]",
            "[::1]:8000",
            "quorate.example:1",
        ] {
            assert!(allowed(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "10.0.0.1:8000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::2]:1",
            "0.0.0.0",
        ] {
            assert!(!allowed(host), "{host}");
        }
    }

    #[test]
    fn what_a_browser_asks_for_a_page_from_elsewhere_is_told_from_what_others_ask() {
        let of_a_page = |headers: &[(&str, &str)]| {
            let request = Request::builder().header("host", "localhost:8000");
            let request = headers.iter().fold(request, |request, (name, value)| {
                if *name == "host" {
                    Request::builder().header("host", *value)
                } else {
                    request.header(*name, *value)
                }
            });
            let request = request.body(()).expect("a request");
            is_of_a_web_page(&request, &Limits::default())
        };
        for headers in [
            // curl, a scraper, a script; under whatever name.
            &[][..],
            &[("user-agent", "curl/8")],
            &[("host", "evil.example")],
            // Somebody who types the address into a browser, and what that page itself asks for.
            &[("sec-fetch-site", "none"), ("accept-language", "en")],
            &[("sec-fetch-site", "same-origin"), ("accept-language", "en")],
            &[("accept-language", "en")],
        ] {
            assert!(!of_a_page(headers), "{headers:?}");
        }
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "something new")],
            &[("origin", "http://evil.example")],
            &[("origin", "null")],
            // A name that leads here by a trick. A browser does not say of it where the page is from.
            &[("host", "evil.example"), ("accept-language", "en")],
            &[("host", "evil.example"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(of_a_page(headers), "{headers:?}");
        }
    }
}
