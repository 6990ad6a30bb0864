//! `docs/xml-rpc.md` describes every method and fault code in the words of the code, and no others.
#![allow(clippy::unwrap_used)]

use quorate_wire::Fault;
use quorate_wire::method::{CONTROL, Description, TABLE};

/// The rows of the table on the page that has this header.
fn rows(head: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/xml-rpc.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut lines = page.lines().skip_while(|line| *line != head);
    assert_eq!(lines.next(), Some(head));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| format!("{row}\n")).collect()
}

#[test]
fn the_page_lists_every_method() {
    assert_listed(&TABLE, "| method | what it does | faults |");
    assert_listed(&CONTROL, "| method of the server | what it does | faults |");
}

fn assert_listed(table: &[Description], head: &str) {
    let mut expected = String::new();
    for method in table {
        let (form, what) = method.help.split_once(": ").unwrap();
        assert!(form.starts_with(&format!("{}(", method.name)), "{form}");
        let faults: Vec<_> = method.faults.iter().map(ToString::to_string).collect();
        expected += &format!("| `{form}` | {what} | {} |\n", faults.join(", "));
    }
    let found = rows(head);
    assert_eq!(found, expected, "\n{expected}");
}

#[test]
fn the_page_lists_every_fault_code() {
    let row = |code: &quorate_wire::Code| format!("| {} | {} |\n", code.number, code.meaning);
    let expected: String = Fault::CODES.iter().map(row).collect();
    let found = rows("| fault | what it means |");
    assert_eq!(found, expected, "\n{expected}");
}

#[test]
fn the_faults_of_each_method_are_known_codes() {
    for method in TABLE.iter().chain(&CONTROL) {
        for fault in method.faults {
            let known = Fault::CODES.iter().any(|code| code.number == *fault);
            assert!(known && *fault > 0, "{}: {fault}", method.name);
        }
    }
}
