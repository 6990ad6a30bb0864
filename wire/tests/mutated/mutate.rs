//! Damages correct inputs at random.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::common::{call, multicall};

/// Pieces of calls and answers, good and bad.
const PIECES: &[&str] = &[
    "<methodCall>",
    "</methodCall>",
    "<methodName>",
    "</methodName>",
    "<methodResponse>",
    "</methodResponse>",
    "<params>",
    "</params>",
    "<params/>",
    "<param>",
    "</param>",
    "<value>",
    "</value>",
    "<value/>",
    "<fault>",
    "</fault>",
    "<array>",
    "</array>",
    "<array/>",
    "<data>",
    "</data>",
    "<data/>",
    "<struct>",
    "</struct>",
    "<member>",
    "</member>",
    "<name>",
    "</name>",
    "<int>",
    "</int>",
    "<i4>",
    "</i4>",
    "<i8>",
    "</i8>",
    "<double>",
    "</double>",
    "<boolean>",
    "</boolean>",
    "<string>",
    "</string>",
    "<base64>",
    "</base64>",
    "<dateTime.iso8601>",
    "</dateTime.iso8601>",
    "<nil/>",
    "<methodCall xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\">",
    "<value xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'>",
    " xmlns:ex='",
    "<ex:nil/>",
    "<ex:i1>",
    "</ex:i1>",
    "<ex:i8>",
    "</ex:i8>",
    "<ex:float>",
    "</ex:float>",
    "<ex:biginteger>",
    "</ex:biginteger>",
    "<?xml version='1.0' encoding='utf-16'?>",
    "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "<?",
    "?>",
    "&",
    ";",
    "&lt;",
    "&amp;",
    "&#",
    "&#x",
    "&#0;",
    "&#xD800;",
    "&#x10FFFF;",
    "&#99999999999999999999;",
    "&nbsp;",
    "<",
    ">",
    "/",
    "'",
    "\"",
    "=",
    " a='b'",
    " xmlns:x='y'",
    "echo",
    "system.multicall",
    "methodName",
    "params",
    "faultCode",
    "faultString",
    "20260228T23:59:58",
    "2026-02-28T235958.5Z",
    "99999999T99:99:99",
    "T",
    "AAE=",
    "====",
    "true",
    "-1",
    "0",
    "2147483648",
    "-9223372036854775809",
    "1e999",
    "-0.0",
    "NaN",
    "inf",
    "nan(",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{FEFF}",
    "\u{FFFE}",
    "\u{1F600}",
    "\0",
    "\u{1}",
    "\r",
    "\r\n",
    "\t",
    " ",
];

/// Pieces of HTTP requests.
const HEADS: &[&str] = &[
    "POST / HTTP/1.1\r\n",
    "POST /RPC2 HTTP/1.0\r\n",
    "GET / HTTP/1.1\r\n",
    "HEAD /RPC2 HTTP/1.1\r\n",
    "PUT /x HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT localhost:1 HTTP/1.1\r\n",
    "POST http://localhost/ HTTP/1.1\r\n",
    "PRI * HTTP/2.0\r\n",
    "Host: localhost\r\n",
    "Host: [::1]:8000\r\n",
    "Host: evil.example\r\n",
    "Host:\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: upgrade\r\nUpgrade: h2c\r\n",
    "Content-Type: text/xml; charset=utf-16\r\n",
    "Content-Type: text/xml; charset=\"latin1\"\r\n",
    "Content-Type: text/plain\r\n",
    "Content-Type: ;=;\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 10\r\n",
    "Content-Length: 99999999999\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: deflate\r\n",
    "Content-Encoding: identity\r\n",
    "Expect: 100-continue\r\n",
    "Origin: null\r\n",
    "Accept-Encoding: gzip\r\n",
    "X-Long: ",
    ": ",
    "\r\n",
    "\n",
    "\r",
    " \r\n",
    "\r\n\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "FFFFFFFFFFFFFFFF\r\n",
    "1;a=b\r\n",
    "\0",
];

/// A source of damaged inputs.
pub(crate) struct Mutator {
    random: ChaCha8Rng,
    good: Vec<Vec<u8>>,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        let types = "<params><param><value><struct><member><name>a</name><value><int>-7</int></value></member><member><name>b</name>\
            <value><array><data><value><double>2.5</double></value><value><boolean>1</boolean></value><value><nil/></value></data>\
            </array></value></member></struct></value></param><param><value><base64>AAEC</base64></value></param><param><value>\
            <dateTime.iso8601>20260228T23:59:58</dateTime.iso8601></value></param><param><value><i8>4294967296</i8></value></param>\
            </params>";
        let submit = "<params><param><value>set x=42</value></param><param><value>alice</value></param><param><value><i4>3</i4>\
            </value></param></params>";
        let fault = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>\
            <member><name>faultString</name><value>no</value></member></struct></value></fault></methodResponse>";
        let good = [
            call("echo", "some &amp; text"),
            call("system.methodHelp", "echo"),
            call("panic", "x"),
            multicall("echo", &["one", "two"]),
            format!(
                "<?xml version='1.0'?>\n<methodCall>\n<methodName>echo</methodName>{types}</methodCall>"
            ),
            format!("<methodCall><methodName>submit</methodName>{submit}</methodCall>"),
            format!("<methodResponse>{types}</methodResponse>"),
            call("echo", "x")
                .replace("Call", "Response")
                .replace("<methodName>echo</methodName>", ""),
            fault.to_owned(),
        ];
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            good: good.map(String::into_bytes).into(),
        }
    }

    /// A number below the limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.random.next_u64() % limit as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// A body, most often with XML.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let mut body = self.good();
        // Some inputs stay undamaged, or nothing would get far into the endpoint.
        let damages = self.below(6);
        for _ in 0..damages {
            self.damage(&mut body, PIECES);
        }
        if self.one_in(10) {
            body = self.recoded(&body);
        }
        body
    }

    /// One or several requests on a connection.
    pub(crate) fn requests(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        for _ in 0..=self.below(3) {
            all.extend(self.request());
        }
        for _ in 0..self.below(4) / 2 {
            self.damage(&mut all, HEADS);
        }
        all
    }

    fn request(&mut self) -> Vec<u8> {
        let mut body = self.body();
        let path = ["/", "/RPC2", "/x"][self.below(8) % 3];
        let mut head = format!(
            "POST {path} HTTP/1.{}\r\nHost: localhost\r\n",
            usize::from(!self.one_in(8))
        );
        if self.one_in(8) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
            head += "Content-Encoding: gzip\r\n";
            if self.one_in(4) {
                self.damage(&mut body, PIECES);
            }
        }
        for _ in 0..self.below(3) {
            head += HEADS[self.below(HEADS.len())];
        }
        let chunked = self.one_in(4);
        if chunked {
            head += "Transfer-Encoding: chunked\r\n\r\n";
        } else {
            head += &format!("Content-Length: {}\r\n\r\n", body.len());
        }
        let mut request = head.into_bytes();
        if !chunked {
            request.extend(body);
            return request;
        }
        let size = 1 + self.below(100);
        for chunk in body.chunks(size) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        request
    }

    fn good(&mut self) -> Vec<u8> {
        let index = self.below(self.good.len());
        self.good[index].clone()
    }

    /// The body in another encoding, if it is text.
    fn recoded(&mut self, body: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(body);
        match self.below(4) {
            0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            1 => [0xFEFF]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect(),
            2 => text
                .chars()
                .map(|character| u32::from(character) as u8)
                .collect(),
            _ => [b"\xEF\xBB\xBF", body].concat(),
        }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, pieces: &[&str]) {
        let (start, end) = self.range(bytes.len());
        match self.below(9) {
            0 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let byte = self.below(256) as u8;
                bytes.insert(start, byte);
            }
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => {
                let again = bytes[start..end].repeat(1 + self.below(8));
                bytes.splice(end..end, again);
            }
            5 => {
                let other = self.good();
                let (from, to) = self.range(other.len());
                bytes.splice(start..end, other[from..to].iter().copied());
            }
            6 => {
                let piece = pieces[self.below(pieces.len())];
                bytes.splice(start..end, piece.bytes());
            }
            _ => {
                // Begin at a tag, so that the result is another tree and not just broken text.
                let at = bytes[start..]
                    .iter()
                    .position(|&byte| byte == b'<')
                    .map_or(start, |more| start + more);
                let piece = pieces[self.below(pieces.len())].repeat(1 + self.below(3));
                bytes.splice(at..at, piece.bytes());
            }
        }
    }

    /// A range within the length, most often a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let most = if self.one_in(4) { length } else { 20 };
        let end = start + self.below(most.min(length - start) + 1);
        (start, end)
    }
}
