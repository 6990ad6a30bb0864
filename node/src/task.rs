//! A task that does not outlive the one that started it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::{JoinError, JoinHandle};

/// A task that is aborted when this is dropped: on errors too, and when the future that holds it is dropped.
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::Task;

    #[tokio::test]
    async fn a_task_ends_with_the_future_that_holds_it() {
        let (alive, mut ended) = oneshot::channel::<()>();
        let holder = async {
            let _task = Task::spawn(async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
            assert_eq!(ended.try_recv(), Err(TryRecvError::Empty));
            // An error path: nobody thinks of the task.
        };
        holder.await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ended.try_recv(), Err(TryRecvError::Closed));
    }

    #[tokio::test]
    async fn a_task_gives_what_its_work_gives() {
        assert_eq!(Task::spawn(async { 7 }).await.unwrap(), 7);
    }
}
