//! `index.html`: one file with all pictures in it.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use crate::chart::{Chart, Shape};
use crate::contents::Report;
use crate::section::Section;
use crate::statistics::{median_interval, share};
use crate::ticks::label;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
svg{max-width:100%;height:auto;border:1px solid #ddd}
table{border-collapse:collapse;font-size:.9rem}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ddd;vertical-align:top}
td.number{font-variant-numeric:tabular-nums}
code{background:#f3f3f3;padding:0 .2rem}
.no{color:#a00000;font-weight:bold}
nav a{margin-right:.8rem}";

/// The page of a report. `pictures` are the SVG documents of all charts, in their order.
pub(crate) fn page(report: &Report, pictures: &[String]) -> String {
    let is_exact = report.again.is_exact;
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n",
        title = escape(&report.title),
    );
    let _ = writeln!(
        html,
        "<p>Made by <code>{}</code> on {}. The raw data are in <a href=\"runs.csv\">runs.csv</a> and \
         <a href=\"runs.jsonl\">runs.jsonl</a>, a row for each run, single requests in <a href=\"requests.csv\">requests.csv</a>; \
         <a href=\"machine.json\">machine.json</a> describes the machine. <code>sh reproduce.sh</code> {}.</p>\n\
         <p>A box goes from the first to the third quartile, the mark is the median, and the line through it the median's 95 % interval \
         (bootstrap). Shares have 95 % intervals after Wilson. A dot is a run: pointed at, it tells {}. A dashed line is theory.</p>",
        escape(&report.machine.command),
        escape(report.machine.sentence()),
        if is_exact {
            "makes the same again"
        } else {
            "measures again"
        },
        if is_exact {
            "its seed"
        } else {
            "where it belongs"
        },
    );
    html += "<nav>";
    for section in &report.sections {
        let _ = write!(html, "<a href=\"#{0}\">{0}</a> ", section.name);
    }
    html += "</nav>\n";
    let skipped: Vec<_> = report.skipped.iter().map(|name| escape(*name)).collect();
    if !skipped.is_empty() {
        let _ = writeln!(
            html,
            "<p class=\"no\">Stopped before the end. Not run: {}.</p>",
            skipped.join(", ")
        );
    }
    let mut pictures = pictures.iter();
    for section in &report.sections {
        add_section(&mut html, section, &mut pictures);
    }
    html
}

fn add_section<'a>(
    html: &mut String,
    section: &Section,
    pictures: &mut impl Iterator<Item = &'a String>,
) {
    let name = section.name;
    let _ = writeln!(
        html,
        "<section id=\"{name}\">\n<h2>{name}</h2>\n<p><strong>{}</strong> {}</p>",
        escape(section.question),
        escape(&section.method),
    );
    if let Some(why) = &section.cut_short {
        let _ = writeln!(html, "<p class=\"no\">{}</p>", escape(why));
    }
    for (chart, picture) in section.charts.iter().zip(pictures) {
        let _ = writeln!(
            html,
            "<figure style=\"margin:1rem 0\">{picture}</figure>\n<p>{}</p>",
            escape(&chart.text)
        );
        add_numbers(html, chart);
    }
    if !section.findings.is_empty() {
        html.push_str("<table><tr><th>theory says</th><th>found</th><th>holds</th></tr>\n");
        for finding in &section.findings {
            let holds = if finding.holds {
                "<td>yes"
            } else {
                "<td class=\"no\">no"
            };
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td>{holds}</td></tr>",
                escape(&finding.says),
                escape(&finding.seen)
            );
        }
        html.push_str("</table>\n");
    }
    if let Some(row) = section.rows.first() {
        let _ = writeln!(
            html,
            "<p>The first of its {} runs, again: <code>{}</code></p>",
            section.rows.len(),
            escape(&row.again)
        );
    }
    html.push_str("</section>\n");
}

/// What the marks of a chart are, as a table.
fn add_numbers(html: &mut String, chart: &Chart) {
    let is_wanted = |shape| shape != Shape::Points;
    if !chart.series.iter().any(|one| is_wanted(one.shape)) {
        return;
    }
    let _ = write!(
        html,
        "<details><summary>the numbers</summary><table><tr><th></th><th>{}</th><th>{}</th><th>95 % interval</th><th>runs</th></tr>",
        escape(&chart.x.label),
        escape(&chart.y.label)
    );
    for series in chart.series.iter().filter(|one| is_wanted(one.shape)) {
        for (x, group) in series.groups() {
            let values: Vec<f64> = group.iter().map(|point| point.y).collect();
            let estimate = if series.shape == Shape::Shares {
                share(values.iter().filter(|y| **y > 0.5).count(), values.len())
            } else {
                median_interval(&values)
            };
            let Some(estimate) = estimate else { continue };
            let names = (0_u32..).zip(&chart.x.names);
            let mut named = names.filter(|(index, _)| f64::from(*index).total_cmp(&x).is_eq());
            let x = named
                .next()
                .map_or_else(|| label(x), |(_, name)| name.clone());
            let _ = write!(
                html,
                "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{} to {}</td><td>{}</td></tr>",
                escape(&series.name),
                escape(&x),
                label(estimate.value),
                label(estimate.low),
                label(estimate.high),
                group.len()
            );
        }
    }
    html.push_str("</table></details>\n");
}
