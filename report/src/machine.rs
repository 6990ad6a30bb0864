//! What a report was made on.

use std::fs;
use std::thread::available_parallelism;

use serde::Serialize;

/// The machine and the program. What the operating system does not tell is `None`: it tells on Linux only.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's model.
    pub processor: Option<String>,
    /// How many processors the program may use.
    pub cores: Option<usize>,
    /// The version of the kernel.
    pub kernel: Option<String>,
    /// The memory in bytes.
    pub memory_bytes: Option<u64>,
    /// What the program was compiled for: `x86_64-linux`.
    pub target: String,
    /// `release`, or `debug` where assertions are checked.
    pub build: &'static str,
    /// The version of Quorate.
    pub version: &'static str,
    /// A digest of what two simulated runs do: another engine does something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The command that made the report.
    pub command: String,
}

impl Machine {
    /// This machine. The command is the one that makes the report.
    #[must_use]
    pub fn this(command: String) -> Self {
        let read = |path| fs::read_to_string(path).ok();
        Self {
            processor: read("/proc/cpuinfo").and_then(|text| value(&text, "model name")),
            cores: available_parallelism().ok().map(Into::into),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            memory_bytes: read("/proc/meminfo").and_then(|text| memory(&text)),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            version: env!("CARGO_PKG_VERSION"),
            engine: None,
            command,
        }
    }

    /// In a few words.
    pub(crate) fn sentence(&self) -> String {
        let known = [
            self.processor.clone(),
            self.cores.map(|cores| format!("{cores} cores")),
            self.kernel.as_ref().map(|kernel| format!("Linux {kernel}")),
            Some(format!("Quorate {}, {} build", self.version, self.build)),
        ];
        known.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn value(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory(text: &str) -> Option<u64> {
    let kib = value(text, "MemTotal")?;
    let kib: u64 = kib.split(' ').next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::{memory, value};

    #[test]
    fn what_the_kernel_says_is_read() {
        let cpu = "processor\t: 0\nmodel name\t: AMD EPYC 9B14\n";
        assert_eq!(value(cpu, "model name").as_deref(), Some("AMD EPYC 9B14"));
        assert_eq!(
            memory("MemTotal:        8123456 kB\n"),
            Some(8_123_456 * 1024)
        );
        assert_eq!(memory(""), None);
    }
}
