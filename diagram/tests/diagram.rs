//! What is in a picture.

use std::time::Duration;

use quorate_diagram::{Arrow, Diagram, Key, Lane, Style};
use svg::parser::Event;

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn of(arrows: impl IntoIterator<Item = Arrow>) -> Diagram {
    let names = ["n1", "n2", "n3", "n4"];
    let mut diagram = Diagram::new("4 nodes", names.map(Lane::new));
    arrows.into_iter().for_each(|arrow| diagram.arrow(arrow));
    diagram
}

fn sent(to: &str, label: &str, at: u64) -> Arrow {
    Arrow::new("n1", to, label, ms(at)).arrives(ms(at + 4))
}

/// All texts but the tooltips, each on a line.
fn texts(svg: &str) -> String {
    let (mut texts, mut title) = (String::new(), false);
    for event in svg::read(svg).expect("it is an SVG") {
        match event {
            Event::Error(error) => panic!("{error}"),
            Event::Tag("title", kind, _) => {
                title = kind == svg::node::element::tag::Type::Start;
            }
            Event::Text(text) if !title => texts = texts + text.trim() + "\n",
            _ => {}
        }
    }
    texts
}

#[test]
fn lost_and_altered_messages_are_marked() {
    let svg = of([
        sent("n2", "prepare", 5).style(Style::Altered),
        sent("n3", "commit", 5).lost("cut off"),
    ])
    .svg();
    assert!(svg.contains("commit (to n3: cut off)"), "{svg}");
    assert_eq!(svg.matches("stroke-dasharray").count(), 1, "{svg}");
    assert!(svg.contains(r##"stroke="#cc0000""##), "{svg}");
}

#[test]
fn a_broadcast_has_one_label_that_names_what_is_lost() {
    let mut diagram = of([
        sent("n2", "prepare", 5),
        sent("n3", "prepare", 6).lost("lost"),
        sent("n4", "prepare", 7).lost("lost"),
    ]);
    assert_eq!(texts(&diagram.svg()).matches("prepare").count(), 3);
    diagram.broadcast_within(ms(2));
    let texts = texts(&diagram.svg());
    assert_eq!(texts.matches("prepare").count(), 1, "{texts}");
    assert!(texts.contains("prepare (to n3, n4: lost)"), "{texts}");
    assert_eq!(diagram.svg().matches(r#"class="arrow""#).count(), 3);
}

#[test]
fn what_participants_say_is_no_markup() {
    let evil = "</text><script>\u{1}&";
    let mut diagram = of([sent("n3", evil, 5).tooltip(evil)]);
    diagram.arrow(Arrow::new(evil, "n1", evil, ms(6)).lost(evil));
    diagram.note("n2", ms(7), evil);
    diagram.band(ms(8), evil);
    diagram.caption(evil);
    diagram.explain(Key::Remark, evil);
    let svg = diagram.svg();
    assert!(!svg.contains("<script>") && !svg.contains('\u{1}'), "{svg}");
    texts(&svg);
}

#[test]
fn nothing_said_is_a_diagram_too() {
    assert!(of([]).svg().contains("n4"));
    assert!(Diagram::default().svg().starts_with("<svg"));
}

#[test]
fn a_picture_is_as_wide_as_a_slide_or_wider() {
    let wide = |lanes: usize| {
        let lanes = (0..lanes).map(|number| Lane::new(format!("n{number}")));
        let svg = Diagram::new("", lanes).svg();
        let width = svg.split(r#" width=""#).nth(1).expect("it has a width");
        width[..width.find('"').expect("it ends")]
            .parse::<f64>()
            .expect("a number")
    };
    assert_eq!(wide(1), 960.0);
    assert_eq!(wide(4), 960.0);
    assert!(wide(30) > 4000.0);
}

#[test]
fn notes_bands_and_marks_are_shown() {
    let mut diagram = Diagram::new("", [Lane::new("P"), Lane::new("Q").marked("faulty")]);
    diagram.note("P", ms(3), "decides 'attack'");
    diagram.band(ms(4), "view change to 1");
    let texts = texts(&diagram.svg());
    for words in ["decides 'attack'", "view change to 1", "faulty", "3.0 ms"] {
        assert!(
            texts.contains(words.replace('\'', "&apos;").as_str()) || texts.contains(words),
            "{words} is missing in {texts}"
        );
    }
}

#[test]
fn what_is_left_out_is_told_where_it_was() {
    let arrows = (0..10).map(|at| sent("n2", &format!("m{at}"), 10 * at).important(at == 7));
    let mut diagram = of(arrows);
    assert_eq!(diagram.keep(3), 7);
    assert_eq!(diagram.arrows(), 3);
    let texts = texts(&diagram.svg());
    assert!(texts.contains("5 messages are left out here"), "{texts}");
    assert!(texts.contains("2 messages are left out here"), "{texts}");
    assert!(texts.contains("m7") && !texts.contains("m8"), "{texts}");
}

#[test]
fn the_legend_explains_only_what_is_shown() {
    let mut diagram = of([sent("n2", "prepare", 5)]);
    diagram.explain(Key::Lost, "did not arrive");
    diagram.explain(Key::Style(Style::Plain), "a message");
    let texts = texts(&diagram.svg());
    assert!(texts.contains("a message"), "{texts}");
    assert!(!texts.contains("did not arrive"), "{texts}");
    assert!(texts.contains("not to scale"), "{texts}");
}

#[test]
fn a_lane_that_only_an_arrow_names_is_drawn() {
    let diagram = of([sent("c1", "ok", 1), sent("n1", "to itself", 2)]);
    let texts = texts(&diagram.svg());
    assert!(
        texts.contains("c1") && texts.contains("to itself"),
        "{texts}"
    );
}

#[test]
fn a_label_that_fits_on_the_other_side_only_stands_there_whole() {
    let lanes = ["P", "Q", "R", "S", "T", "U"];
    let mut diagram = Diagram::new("", lanes.map(Lane::new));
    let label = "pre-prepare view 0 slot 1: 'set R=1' of R, then 'set S=1' of S";
    diagram.arrow(Arrow::new("T", "U", label, ms(0)).arrives(ms(1)));
    let texts = texts(&diagram.svg());
    assert!(texts.contains(&format!("{label}\n")), "{texts}");
}
