//! A page and its fenced blocks.

use crate::root;

/// The other names that a fence may have. Any further name is an error, so that no block is skipped by a typing mistake.
const OTHER_LANGUAGES: [&str; 6] = ["json", "toml", "yaml", "xml", "html", "rust"];

/// A page of the documents.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) path: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block that is typed, or the output of one.
pub(crate) struct Block {
    /// The line of the fence, counted from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// ```` ```sh ````: commands.
    Shell,
    /// ```` ```python ````: a script.
    Python,
    /// ```` ```py ````: an excerpt of a script in `examples/`.
    Excerpt,
    /// ```` ```text ````: the output of the block before it.
    Output,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// A block is not fenced or not closed, or its fence has an unknown name.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        Self::parse(path, &text)
    }

    fn parse(path: &str, text: &str) -> Result<Self, String> {
        let mut blocks = Vec::new();
        let mut lines = text.lines().zip(1..);
        let mut before = "";
        while let Some((line, number)) = lines.next() {
            if before.is_empty() && line.starts_with("    ") {
                return Err(format!(
                    "{path}:{number}: fence this block: ```sh or ```text"
                ));
            }
            before = line;
            let Some(language) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            let mut body = String::new();
            loop {
                match lines.next() {
                    Some((line, _)) if line.trim() == "```" => break,
                    Some((line, _)) => body += &format!("{line}\n"),
                    None => return Err(format!("{path}:{number}: this block is not closed")),
                }
            }
            let kind = match language {
                "sh" => Kind::Shell,
                "python" => Kind::Python,
                "py" => Kind::Excerpt,
                "text" => Kind::Output,
                other if OTHER_LANGUAGES.contains(&other) => continue,
                other => {
                    return Err(format!(
                        "{path}:{number}: '```{other}': commands are ```sh or ```python, their output is ```text, \
                         an excerpt of examples/ is ```py, other text is one of {OTHER_LANGUAGES:?}"
                    ));
                }
            };
            blocks.push(Block {
                line: number,
                kind,
                text: body,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            blocks,
        })
    }
}

#[test]
fn a_block_that_nobody_would_run_is_refused() {
    for text in [
        "```sh\nclient",
        "```bash\nclient\n```",
        "See:\n\n    client\n",
    ] {
        assert!(Page::parse("x.md", text).is_err(), "{text}");
    }
}

#[test]
fn the_blocks_of_a_page_are_told_with_their_lines() {
    let page = Page::parse(
        "x.md",
        "# X\n```sh\na\nb\n```\n\n```json\n{}\n```\n```text\nc\n```",
    )
    .unwrap();
    let found: Vec<_> = page
        .blocks
        .iter()
        .map(|block| (block.line, &*block.text))
        .collect();
    assert_eq!(found, [(2, "a\nb\n"), (10, "c\n")]);
}
