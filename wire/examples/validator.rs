//! UserLand's `validator1` methods over the endpoint, for any client: prints its port, and serves until standard input ends.
//!
//!     cargo run -p quorate-wire --example validator

#[path = "../tests/common/validator.rs"]
mod validator;

use std::io::{Read, stdin};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let (ended, input_ended) = oneshot::channel::<()>();
    // A blocking read on a thread of its own, because tokio's would keep the runtime from ending.
    std::thread::spawn(move || {
        // An error ends the input as well.
        let _ = stdin().read_to_end(&mut Vec::new());
        drop(ended);
    });
    let shutdown = async {
        let _ = input_ended.await;
    };
    validator::endpoint().serve(listener, shutdown).await
}
