//! What a measurement ran on.

use std::fs;
use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;

/// The machine and the build. What the operating system does not tell is `None`: it tells on Linux only.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: Option<String>,
    /// How many processors this program may use.
    pub(crate) cores: Option<usize>,
    pub(crate) kernel: Option<String>,
    pub(crate) memory_bytes: Option<u64>,
    /// `release` or `debug`. The processes are of the same build if `--spawn` started them.
    pub(crate) build: &'static str,
    pub(crate) version: &'static str,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let read = |path| fs::read_to_string(path).ok();
        Self {
            processor: read("/proc/cpuinfo").and_then(|text| model(&text)),
            cores: available_parallelism().ok().map(Into::into),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            memory_bytes: read("/proc/meminfo").and_then(|text| memory(&text)),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Names and values, for CSV. What is not known is empty.
    pub(crate) fn fields(&self) -> [(&'static str, String); 6] {
        let or_empty = |number: Option<String>| number.unwrap_or_default();
        [
            ("processor", or_empty(self.processor.clone())),
            ("cores", or_empty(self.cores.map(|cores| cores.to_string()))),
            ("kernel", or_empty(self.kernel.clone())),
            (
                "memory_bytes",
                or_empty(self.memory_bytes.map(|bytes| bytes.to_string())),
            ),
            ("build", self.build.to_owned()),
            ("version", self.version.to_owned()),
        ]
    }

    /// `AMD EPYC 9B14, 2 cores, 8.2 GB, Linux 6.1.0; client 0.1.0, release build`.
    pub(crate) fn sentence(&self) -> String {
        let known = [
            self.processor.clone(),
            self.cores.map(|cores| format!("{cores} cores")),
            self.memory_bytes
                .map(|bytes| format!("{:.1} GB", bytes as f64 / 1e9)),
            self.kernel.as_ref().map(|kernel| format!("Linux {kernel}")),
        ];
        let known: Vec<_> = known.into_iter().flatten().collect();
        let build = format!("client {}, {} build", self.version, self.build);
        format!("{}; {build}", known.join(", "))
    }
}

/// The processor's name in `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

/// The bytes of memory in `/proc/meminfo`, which counts in KiB.
fn memory(meminfo: &str) -> Option<u64> {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The processor time that this program has used, in itself and in the kernel for it. The processes that it has started do
/// not count.
pub(crate) fn processor_time() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64);
    Ok(Duration::from_micros(micros.into_iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_and_memory_are_read_from_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC 9B14\nmodel name\t: other\n";
        assert_eq!(model(cpuinfo).as_deref(), Some("AMD EPYC 9B14"));
        assert_eq!(model("processor\t: 0\n"), None);
        assert_eq!(
            memory("MemTotal:        8000 kB\nMemFree: 1 kB\n"),
            Some(8_192_000)
        );
        assert_eq!(memory("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn what_is_not_known_is_left_out_of_the_sentence() {
        let machine = Machine {
            processor: None,
            cores: Some(2),
            kernel: None,
            memory_bytes: Some(8_192_000_000),
            build: "release",
            version: "0.1.0",
        };
        assert_eq!(
            machine.sentence(),
            "2 cores, 8.2 GB; client 0.1.0, release build"
        );
    }
}
