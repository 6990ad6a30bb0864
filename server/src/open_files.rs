//! How many files a process may have open: its connections are among them.

/// More than the connections that an endpoint takes at once.
const WANTED: u64 = 4096;

/// Raises the number, which usually begins below that.
pub(crate) fn raise() {
    match rlimit::increase_nofile_limit(WANTED) {
        Ok(limit) if limit >= WANTED => {}
        Ok(limit) => tracing::warn!(
            limit,
            "the limit of open files is low: with many callers at once, some connections are closed"
        ),
        Err(error) => tracing::warn!(%error, "the number of open files cannot be raised"),
    }
}
