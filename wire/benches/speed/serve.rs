//! The servers in Rust. Each prints its port and its name, and serves until its standard input ends.

use std::convert::Infallible;
use std::io::{Read as _, stdin};

use bytes::Bytes;
use clap::ValueEnum;
use dxr::{Fault, Value};
use dxr_server::{HandlerFn, HandlerResult, RouteBuilder};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::load::ANSWER;
use crate::validator;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Server {
    /// This project's endpoint.
    Quorate,
    /// dxr_server without changes.
    Dxr,
    /// hyper alone. It reads the body and always gives the same answer.
    Hyper,
}

pub(crate) fn run(server: Server) {
    std::thread::spawn(|| {
        // Also ends at an error of standard input.
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        match server {
            Server::Quorate => {
                println!("{port} quorate-wire");
                let never = std::future::pending();
                validator::endpoint().serve(listener, never).await.unwrap();
            }
            Server::Dxr => {
                println!("{port} dxr_server");
                let method: HandlerFn = array_of_structs;
                let route = RouteBuilder::new()
                    .add_method("validator1.arrayOfStructsTest", Box::new(method))
                    .build();
                let server = dxr_server::Server::from_route(route);
                server.serve_listener(listener).await.unwrap();
            }
            Server::Hyper => {
                println!("{port} bare hyper");
                bare(listener).await;
            }
        }
    });
}

fn array_of_structs(params: &[Value], _: HeaderMap) -> HandlerResult {
    let wrong = || Fault::new(1, "an array of structs is expected".to_owned());
    let [Value::Array(structs)] = params else {
        return Err(wrong());
    };
    let mut sum = 0;
    for one in structs {
        match one {
            Value::Struct(members) => match members.get("curly") {
                Some(Value::Integer(curly)) => sum += curly,
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        }
    }
    Ok(Value::Integer(sum))
}

async fn bare(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            // If the caller goes away, the connection ends with an error.
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let response = Response::builder().header("content-type", "text/xml; charset=utf-8");
    Ok(response
        .body(Full::new(Bytes::from_static(ANSWER.as_bytes())))
        .unwrap())
}
