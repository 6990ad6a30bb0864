//! Log lines that say whose they are.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// A format of lines, with the name of the process in each: behind the time, or as the member `process` of an object.
pub(super) struct Named<F> {
    pub(super) name: String,
    pub(super) format: F,
}

impl<S, N, F> FormatEvent<S, N> for Named<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.format
            .format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&with_name(&line, &self.name))
    }
}

fn with_name(line: &str, name: &str) -> String {
    if let Some(members) = line.strip_prefix('{') {
        return format!("{{\"process\":\"{name}\",{members}");
    }
    match line.split_once(' ') {
        Some((time, rest)) => format!("{time} {name} {rest}"),
        None => format!("{name} {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_name;

    #[test]
    fn the_name_stands_behind_the_time_or_first_in_the_object() {
        assert_eq!(
            with_name("2026-11-25T20:00:00Z  WARN quorate_node: late\n", "Q"),
            "2026-11-25T20:00:00Z Q  WARN quorate_node: late\n"
        );
        assert_eq!(
            with_name("{\"level\":\"WARN\"}\n", "Q"),
            "{\"process\":\"Q\",\"level\":\"WARN\"}\n"
        );
    }
}
